//! The doors' own certificate authority, made anew at each start, and the one certificate that it signs.
use super::error::Error;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// What callers have to trust, and what a door shows them. The authority's own key is not kept: nobody can sign more.
pub(super) struct Certificates {
    /// The authority's certificate, PEM.
    pub authority: String,
    /// The certificate for `localhost`, 127.0.0.1 and ::1, PEM.
    pub localhost: String,
    /// Its private key, PEM (PKCS #8).
    pub key: String,
    /// TLS as a server with that certificate, without ALPN: HTTP/1.1 and AMQP both do without.
    pub tls: TlsAcceptor,
}

impl Certificates {
    /// Makes both.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new() -> Result<Self, Error> {
        let failed = |why: &dyn std::fmt::Display| Error::Certificates(why.to_string());
        let authority_key = KeyPair::generate().map_err(|why| failed(&why))?;
        let authority = CertifiedIssuer::self_signed(authority(), authority_key).map_err(|why| failed(&why))?;
        let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
        let mut leaf = CertificateParams::new(names).map_err(|why| failed(&why))?;
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        last_a_century(&mut leaf);
        let key = KeyPair::generate().map_err(|why| failed(&why))?;
        let leaf = leaf.signed_by(&key, &authority).map_err(|why| failed(&why))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| failed(&why))?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .map_err(|why| failed(&why))?;
        Ok(Self {
            authority: authority.pem(),
            localhost: leaf.pem(),
            key: key.serialize_pem(),
            tls: TlsAcceptor::from(Arc::new(config)),
        })
    }
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Simulated Azure");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    last_a_century(&mut params);
    params
}

/// Wide enough for every simulated day; who stops the simulation ends the trust.
fn last_a_century(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
}
