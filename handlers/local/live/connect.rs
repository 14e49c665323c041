//! PURE. How a person's own tools connect to the running shop.
use simulated_azure::doors::Endpoints;
use std::fmt::Write;
use std::path::Path;

/// Commands to copy, for each tool.
#[must_use]
pub fn connect(endpoints: &Endpoints, folder: &Path) -> String {
    let mut text = String::from("\nEverything still runs. Connect with:\n");
    let mut line = |tool: &str, command: &str| {
        let _ = writeln!(text, "  {tool:<10} {command}");
    };
    let authority = endpoints.certificate_authority.display();
    let other =
        |name: &str, member: &str| endpoints.others.get(name).and_then(|all| all[member].as_str()).unwrap_or("");
    line("users", &format!("curl -H 'Host: {}' {}/", host(endpoints), other("gateway", "url")));
    line("az", &format!("export REQUESTS_CA_BUNDLE={authority} AZURE_CORE_INSTANCE_DISCOVERY=false"));
    line("", &format!("az cloud register -n local --endpoint-resource-manager {}/", endpoints.resource_manager));
    line("", "az cloud set -n local");
    line("", &format!("az login --service-principal -u app -p secret --tenant {}", endpoints.login.tenant));
    for (name, cluster) in &endpoints.clusters {
        line("kubectl", &format!("kubectl --kubeconfig {} get pods -A   # {name}", cluster.kubeconfig.display()));
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

fn host(endpoints: &Endpoints) -> &str {
    endpoints.others.get("gateway").and_then(|gateway| gateway["hosts"]["users"].as_str()).unwrap_or_default()
}
