//! The kubeconfigs of a cluster.
use super::scene::{Said, Scene};
use base64::{Engine, engine::general_purpose::STANDARD};
use kube::config::Kubeconfig;
use simulated_azure::article::Options;

fn kubeconfig(said: &Said) -> (String, Kubeconfig) {
    let coded = said.body["kubeconfigs"][0]["value"].as_str().unwrap();
    let yaml = String::from_utf8(STANDARD.decode(coded).unwrap()).unwrap();
    (said.body["kubeconfigs"][0]["name"].as_str().unwrap().into(), Kubeconfig::from_yaml(&yaml).unwrap())
}

#[tokio::test(start_paused = true)]
async fn with_entra_the_user_logs_in_by_kubelogin() {
    let scene = Scene::new();
    let blue = &scene.article.blue;
    let fqdn = scene.get(blue).await.body["properties"]["fqdn"].as_str().unwrap().to_owned();
    let (name, config) = kubeconfig(&scene.post(&format!("{blue}/listClusterUserCredential?format=exec")).await);
    assert_eq!(name, "clusterUser");
    let cluster = config.clusters[0].cluster.as_ref().unwrap();
    assert_eq!(cluster.server, Some(format!("https://{fqdn}:443")));
    let authority = STANDARD.decode(cluster.certificate_authority_data.as_ref().unwrap()).unwrap();
    assert!(authority.starts_with(b"-----BEGIN CERTIFICATE-----"));
    let exec = config.auth_infos[0].auth_info.as_ref().unwrap().exec.as_ref().unwrap();
    assert_eq!(exec.command.as_deref(), Some("kubelogin"));
    assert!(exec.args.as_ref().unwrap().contains(&"6dae42f8-4368-4678-94ff-3960e28e3630".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn without_entra_the_file_carries_a_token() {
    let scene = Scene::with(&Options { entra: false, ..Options::default() });
    for (action, name) in [("listClusterUserCredential", "clusterUser"), ("listClusterAdminCredential", "clusterAdmin")]
    {
        let (shown, config) = kubeconfig(&scene.post(&format!("{}/{action}", scene.article.blue)).await);
        assert_eq!(shown, name);
        assert_eq!(config.auth_infos[0].name, format!("{name}_rg-shop_aks-blue"));
        assert!(config.auth_infos[0].auth_info.as_ref().unwrap().token.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn without_local_accounts_there_is_no_administrator() {
    let scene = Scene::new();
    let said = scene.post(&format!("{}/listClusterAdminCredential", scene.article.blue)).await;
    assert_eq!((said.status, said.code()), (400, "BadRequest"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_being_created_has_no_kubeconfig_yet() {
    let scene = Scene::new();
    scene.put(&scene.article.green, &scene.green_body()).await;
    let said = scene.post(&format!("{}/listClusterUserCredential", scene.article.green)).await;
    assert_eq!(said.status, 409);
    assert_eq!(scene.post(&format!("{}x/listClusterUserCredential", scene.article.green)).await.status, 404);
}
