//! How a person's own tools connect to the running shop.
use crate::local::installation::Installation;
use crate::local::scene::Scene;
use simulated_azure::doors::Endpoints;
use std::fmt::Write;

/// Commands to copy, for each tool.
#[must_use]
pub(super) fn connect(endpoints: &Endpoints, scene: &Scene) -> String {
    let mut text = String::from("\nEverything still runs. Connect with:\n");
    let mut line = |tool: &str, command: &str| {
        let _ = writeln!(text, "  {tool:<10} {command}");
    };
    let authority = endpoints.certificate_authority.display();
    let folder = endpoints.certificate_authority.parent().unwrap_or(&endpoints.certificate_authority);
    // A folder of its own: a person's real clouds and logins are left alone.
    let azure = folder.join("azure");
    let other =
        |name: &str, member: &str| endpoints.others.get(name).and_then(|all| all[member].as_str()).unwrap_or("");
    line("users", &format!("curl -H 'Host: {}' {}/", scene.article.host, other("gateway", "url")));
    line("az", &format!("export AZURE_CONFIG_DIR='{}' AZURE_CORE_INSTANCE_DISCOVERY=false", azure.display()));
    line("", &format!("export REQUESTS_CA_BUNDLE='{authority}'"));
    line("", &format!("az cloud register -n local --endpoint-resource-manager {}/", endpoints.resource_manager));
    line("", "az cloud set -n local");
    line("", &format!("az login --service-principal -u app -p secret --tenant {}", endpoints.login.tenant));
    let settings = endpoints.app_settings();
    let cloud = ["AZURE_RESOURCE_MANAGER", "AZURE_AUTHORITY_HOST", "SSL_CERT_FILE"];
    let own = ["AzureWebJobsStorage__blobServiceUri", "ServiceBusConnection__fullyQualifiedNamespace"];
    for (tool, names) in [("bluegreen", &cloud[..]), ("", &own[..])] {
        let all = names.iter().filter_map(|name| Some(format!("{name}='{}'", settings.get(name)?)));
        line(tool, &format!("export {}", all.collect::<Vec<_>>().join(" ")));
    }
    line("", &format!(". '{}'   # all of these exports, and the clock's speed", folder.join(ENVIRONMENT).display()));
    let speed = scene.azure.clock().speed();
    line("", &format!("export BLUEGREEN_CLOCK_SPEED={speed}   # its account is that of az, above"));
    line("", &format!("bluegreen doctor --app {}", Installation::of(&scene.article).app));
    for (name, cluster) in &endpoints.clusters {
        let stopped = if is_stopped(scene, name) { ", which is stopped: nobody answers" } else { "" };
        line(
            "kubectl",
            &format!("kubectl --kubeconfig '{}' get pods -A   # {name}{stopped}", cluster.kubeconfig.display()),
        );
    }
    if let Some(amqp) = &endpoints.service_bus.amqp {
        line("SDKs", &format!("Service Bus: {}", amqp.connection_string));
    }
    line(
        "functions",
        &format!("curl -H 'x-functions-key: {}' {}/upgrades", other("functions", "key"), other("functions", "url")),
    );
    line("all of it", &folder.join("endpoints.json").display().to_string());
    line("", "Ctrl-C ends it.");
    text
}

/// The file in the data folder that has the exports.
pub(super) const ENVIRONMENT: &str = "env.sh";

/// What a shell needs to know, to be read with `.`: the settings of this executable, and a folder of its own for the Azure
/// CLI.
#[must_use]
pub(super) fn environment(endpoints: &Endpoints, scene: &Scene) -> String {
    let authority = endpoints.certificate_authority.display().to_string();
    let folder = endpoints.certificate_authority.parent().unwrap_or(&endpoints.certificate_authority);
    let mut text = String::from("# Read it with `.`: bluegreen and az then speak to the simulated Azure alone.\n");
    let mut export = |name: &str, value: &str| {
        let _ = writeln!(text, "export {name}='{}'", value.replace('\'', r"'\''"));
    };
    export("AZURE_CONFIG_DIR", &folder.join("azure").display().to_string());
    export("AZURE_CORE_INSTANCE_DISCOVERY", "false");
    export("REQUESTS_CA_BUNDLE", &authority);
    for (name, value) in endpoints.app_settings() {
        // Whose identity the function app has is not a person's.
        if !name.starts_with("AZURE_CLIENT") && !name.starts_with("IDENTITY_") && !name.starts_with("MSI_") {
            export(name, &value);
        }
    }
    export("BLUEGREEN_CLOCK_SPEED", &scene.azure.clock().speed().to_string());
    text
}

fn is_stopped(scene: &Scene, cluster: &str) -> bool {
    let world = scene.azure.world();
    let slots = [&scene.site.slots.blue.cluster, &scene.site.slots.green.cluster];
    let found = slots.into_iter().find(|id| id.ends_with(&format!("/{cluster}")));
    let found = found.and_then(|id| world.resource_manager.resource(id));
    found.is_some_and(|found| found["properties"]["powerState"]["code"] == "Stopped")
}
