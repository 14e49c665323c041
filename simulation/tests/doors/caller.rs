//! A house with open doors, and a client that trusts its authority and nothing else.
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use simulated_azure::article::{self, Article};
use simulated_azure::doors::{Doors, Duplex, Options};
use simulated_azure::{Clock, SimulatedAzure};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The article's world behind doors, its clock a thousand times as fast.
pub struct House {
    pub azure: SimulatedAzure,
    pub article: Article,
    pub doors: Doors,
    pub folder: TempDir,
}

impl House {
    pub async fn open() -> Self {
        let azure = SimulatedAzure::new(Clock::running_at("2026-11-25T08:00:00Z".parse().unwrap(), 1000));
        let article = Article::set_up(&mut azure.world(), &article::Options::default(), azure.clock().now());
        let folder = tempfile::tempdir().unwrap();
        let mut doors = Doors::open(&azure, &Options::in_folder(folder.path())).await.unwrap();
        doors.publish().unwrap();
        Self { azure, article, doors, folder }
    }

    /// A connection to the host and port of a URL, by its scheme.
    pub async fn connect(&self, url: &str) -> Box<dyn Duplex> {
        let uri: http::Uri = url.parse().unwrap();
        let stream = TcpStream::connect(("127.0.0.1", uri.port_u16().unwrap())).await.unwrap();
        if uri.scheme_str() == Some("http") {
            return Box::new(stream);
        }
        let name = ServerName::try_from(uri.host().unwrap().to_owned()).unwrap();
        Box::new(self.trusting().connect(name, stream).await.unwrap())
    }

    fn trusting(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.doors.endpoints.certificate_authority).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        TlsConnector::from(Arc::new(config.with_no_client_auth()))
    }

    /// One request on a connection of its own; `Err` when the connection ends without an answer.
    pub async fn ask(&self, method: &str, url: &str, body: &str) -> hyper::Result<Response<Bytes>> {
        self.ask_with("Bearer x", method, url, body).await
    }

    /// The same with this authorization.
    pub async fn ask_with(
        &self,
        authorization: &str,
        method: &str,
        url: &str,
        body: &str,
    ) -> hyper::Result<Response<Bytes>> {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(self.connect(url).await)).await?;
        let connection = tokio::spawn(connection);
        let uri: http::Uri = url.parse().unwrap();
        let request = http::Request::builder()
            .method(method)
            .uri(uri.path_and_query().unwrap().as_str())
            .header("host", uri.authority().unwrap().as_str())
            .header("authorization", authorization)
            .header("x-ms-version", "2026-02-06")
            .header("x-identity-header", "x")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .unwrap();
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let answer = Response::from_parts(parts, body.collect().await?.to_bytes());
        connection.abort();
        Ok(answer)
    }

    pub async fn get(&self, url: &str) -> (u16, Value) {
        let answer = self.ask("GET", url, "").await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }
}
