//! Who may call the API: whom a token proves, by our own look at it, and nobody else unless a setting says so.
mod verified;

use crate::http_api::read;
use crate::{quick, story};
use axum::body::Body;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bluegreen::functions::host::router;
use bluegreen::local::api::{CLIENT, URI};
use bluegreen::local::scene::Scene;
use bluegreen::local::shop::{Options, Shop, app_with, config};
use bluegreen::process::config::May;
use bluegreen::site::Site;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use simulated_azure::article;
use simulated_azure::entra::{Api, Signing};
use simulated_azure::{Clock, Cloud, Effect, Fault, On, Process};
use std::time::Duration;
use tower::ServiceExt;

const AUTHORITY: &str = "https://login.microsoftonline.com";
const HOST: &str = "app.example.com";

/// The shop as the templates deploy it: a function key may nothing.
fn closed(key_may: May) -> Shop {
    closed_with(key_may, |_| {})
}

fn closed_with(key_may: May, change: impl FnOnce(&mut Site)) -> Shop {
    let both = |site: &mut Site| {
        quick(site);
        change(site);
    };
    let clock = Clock::starting_at("2026-11-25T08:00:00Z".parse().unwrap());
    let scene = Scene::set(clock, &article::Options::default(), true, both).unwrap();
    let mut config = config(Cloud::Public).unwrap();
    config.api.key_may = key_may;
    Shop::around(scene, &config, &Options { probe: false, ..Options::default() }).unwrap()
}

struct Ask<'a> {
    method: &'a str,
    path: &'a str,
    body: Value,
    headers: Vec<(&'a str, String)>,
}

/// A look at the list.
fn look<'a>() -> Ask<'a> {
    Ask { method: "GET", path: "/upgrades", body: Value::Null, headers: vec![] }
}

/// The start of an upgrade, as one who means it.
fn begin<'a>() -> Ask<'a> {
    let headers = vec![("content-type", "application/json".to_owned()), ("x-bluegreen-intent", "act".to_owned())];
    Ask { method: "POST", path: "/upgrades/shop", body: json!({"version": "latest-stable"}), headers }
}

impl<'a> Ask<'a> {
    fn with(mut self, name: &'a str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn bearer(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    async fn whole(&self, shop: &Shop) -> Response<Body> {
        let mut request = Request::builder().method(self.method).uri(self.path).header("host", HOST);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let body = if self.body.is_null() { String::new() } else { self.body.to_string() };
        shop.host.http(request.body(body.into()).unwrap()).await
    }

    async fn of(&self, shop: &Shop) -> (u16, String) {
        let (status, body) = read(self.whole(shop).await).await;
        (status, body["error"].as_str().unwrap_or_default().to_owned())
    }
}

/// The claims of a token that lets act, with some of them changed.
fn claims(shop: &Shop, changes: &Value) -> Value {
    let now = shop.azure.clock().now();
    drop(shop.token_of("mallory", &["Upgrades.Act"]));
    let mut claims = shop.azure.world().entra.claims_of("mallory", URI, AUTHORITY, now).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn without_a_token_nobody_is_let_in_whatever_the_headers_say() {
    story(|| async {
        let shop = closed(May::Nothing);
        for name in ["x-ms-client-principal-name", "x-ms-client-principal-id", "x-ms-client-principal"] {
            for ask in [look(), begin()] {
                let answer = ask.with(name, "ceo@example.com").whole(&shop).await;
                let challenge = answer.headers().get("www-authenticate").cloned();
                assert_eq!((answer.status().as_u16(), challenge), (401, Some("Bearer".parse().unwrap())), "{name}");
            }
        }
        // Whatever there is: nobody learns it.
        let nowhere = Ask { path: "/upgrades/nowhere/at/all", ..look() };
        assert_eq!(nowhere.of(&shop).await.0, 401);
        assert!(shop.run().is_none());
    });
}

#[test]
fn a_role_lets_look_or_act() {
    story(|| async {
        let shop = closed(May::Nothing);
        let (nobody, reader) = (shop.token_of("bob", &[]), shop.token_of("ruth", &["Upgrades.Read"]));
        let actor = shop.token_of("alice@example.com", &["Upgrades.Act"]);
        for (token, ask, status, why) in [
            (&nobody, look(), 403, "bob has not the role Upgrades.Read"),
            (&nobody, begin(), 403, "bob has not the role Upgrades.Act"),
            (&reader, look(), 200, ""),
            (&reader, begin(), 403, "ruth has not the role Upgrades.Act"),
            (&actor, look(), 200, ""),
            (&actor, begin(), 202, ""),
        ] {
            let (code, said) = ask.bearer(token).with("x-ms-client-principal-name", "ceo").of(&shop).await;
            assert!(code == status && said.contains(why), "{code} {said}, expected {status} {why}");
        }
        let run = shop.run().unwrap();
        assert_eq!(run.journal[0].what, "requested (alice@example.com)", "the token's name, and no header's");
        // A function key beside a token changes nothing, and a bad token is no key.
        let shop = closed(May::Act);
        let token = shop.token_of("bob", &[]);
        assert_eq!(begin().bearer(&token).of(&shop).await.0, 403);
        assert_eq!(begin().bearer("x.y.z").of(&shop).await.0, 401);
    });
}

#[test]
fn a_key_lets_in_where_a_setting_says_so_and_its_name_is_unverified() {
    story(|| async {
        let shop = closed(May::Read);
        assert_eq!(look().of(&shop).await.0, 200);
        let (code, said) = begin().with("x-ms-client-principal-name", "ceo").of(&shop).await;
        assert!(code == 403 && said.contains("a function key may only look"), "{said}");
        let shop = closed(May::Act);
        assert_eq!(begin().with("x-ms-client-principal-name", "ceo").of(&shop).await.0, 202);
        let run = shop.run().unwrap();
        assert_eq!(run.journal[0].what, "requested (ceo, unverified)");
        let order = json!({"run": run.id, "by": "the board"});
        let pause = Ask { path: "/upgrades/shop/pause", body: order, ..begin() };
        assert_eq!(pause.of(&shop).await, (200, String::new()));
        let last = shop.run().unwrap().journal.last().unwrap().clone();
        assert_eq!(last.who, "person:the board, unverified");
    });
}

#[test]
fn a_token_that_proves_nothing_is_refused() {
    story(|| async {
        let shop = closed(May::Nothing);
        let now = shop.azure.clock().now().as_second();
        let signing = shop.azure.world().entra.signing;
        assert_eq!(look().bearer(&signing.sign(&claims(&shop, &json!({})))).of(&shop).await.0, 200, "as it is");
        let tenant = "22222222-2222-4222-8222-222222222222";
        for (what, changes) in [
            ("expired", json!({"exp": now - 61})),
            ("no end", json!({"exp": null})),
            ("an end that is no number", json!({"exp": "tomorrow"})),
            ("not valid yet", json!({"nbf": now + 61})),
            ("another audience", json!({"aud": "https://management.azure.com"})),
            ("no audience", json!({"aud": null})),
            ("another tenant", json!({"iss": format!("{AUTHORITY}/{tenant}/v2.0"), "tid": tenant})),
            ("another issuer", json!({"iss": "https://login.example.com/x/v2.0"})),
            ("a longer issuer", json!({"iss": format!("{AUTHORITY}/{}/v2.0/x", simulated_azure::entra::TENANT)})),
            ("no issuer", json!({"iss": null})),
        ] {
            let token = signing.sign(&claims(&shop, &changes));
            let (code, said) = look().bearer(&token).of(&shop).await;
            assert_eq!(code, 401, "{what}: {said}");
        }
        // Clocks may be a minute apart.
        for near in [json!({"exp": now - 58}), json!({"nbf": now + 58})] {
            let token = signing.sign(&claims(&shop, &near));
            assert_eq!(look().bearer(&token).of(&shop).await.0, 200, "{near}");
        }
        let body = part(&claims(&shop, &json!({})));
        let signed = signing.sign(&claims(&shop, &json!({})));
        let (head, rest) = signed.split_once('.').unwrap();
        let signature = rest.split_once('.').unwrap().1;
        let forged = part(&claims(&shop, &json!({"preferred_username": "ceo"})));
        for (what, token) in [
            ("no algorithm", format!("{}.{body}.", part(&json!({"alg": "none", "kid": signing.key_id()})))),
            ("an HMAC", format!("{}.{body}.{signature}", part(&json!({"alg": "HS256", "kid": signing.key_id()})))),
            ("another RSA", format!("{}.{body}.{signature}", part(&json!({"alg": "PS256", "kid": signing.key_id()})))),
            ("no key", format!("{}.{body}.{signature}", part(&json!({"alg": "RS256"})))),
            ("an unknown key", signing.sign_as("nobody's", &claims(&shop, &json!({})))),
            ("another body", format!("{head}.{forged}.{signature}")),
            ("no signature", format!("{head}.{body}.")),
            ("three words", "a.b.c".to_owned()),
            ("a long one", format!("{head}.{}.{signature}", "x".repeat(20_000))),
            ("nothing", String::new()),
        ] {
            let answer = look().bearer(&token).whole(&shop).await;
            let challenge = answer.headers().get("www-authenticate").map(|it| it.to_str().unwrap().to_owned());
            assert_eq!(answer.status().as_u16(), 401, "{what}");
            assert_eq!(challenge.as_deref(), Some("Bearer error=\"invalid_token\""), "{what}");
        }
        assert_eq!(look().with("authorization", &format!("Basic {signed}")).of(&shop).await.0, 401);
        assert_eq!(look().with("authorization", &format!("bearer  {signed}")).of(&shop).await.0, 200);
    });
}

#[test]
fn tokens_of_both_versions_and_of_applications_are_taken() {
    story(|| async {
        let shop = closed(May::Nothing);
        for takes_version_2 in [true, false] {
            shop.azure.world().entra.expose(Api { client: CLIENT.into(), uri: URI.into(), takes_version_2 });
            let token = shop.token_of("alice", &["Upgrades.Read"]);
            assert_eq!(look().bearer(&token).of(&shop).await, (200, String::new()), "version 2: {takes_version_2}");
        }
        let form = format!("grant_type=client_credentials&client_id=app&client_secret=x&scope={URI}/.default");
        let request = Request::post(format!("{AUTHORITY}/{}/oauth2/v2.0/token", simulated_azure::entra::TENANT));
        let answer = shop.azure.call(&Process::new("pipeline"), request.body(form.into()).unwrap()).await.unwrap();
        let (_, said) = read(answer).await;
        let (code, why) = begin().bearer(said["access_token"].as_str().unwrap()).of(&shop).await;
        assert_eq!(code, 202, "{why}");
        assert_eq!(shop.run().unwrap().journal[0].what, "requested (application app)");
    });
}

/// How often the directory's keys were read.
fn reads(shop: &Shop) -> usize {
    let world = shop.azure.world();
    world.calls.iter().filter(|call| call.path.contains("/discovery/v2.0/keys")).count()
}

#[test]
fn keys_follow_one_another_and_strangers_cannot_make_us_ask_for_them() {
    story(|| async {
        let shop = closed(May::Nothing);
        let old = shop.token_of("alice", &["Upgrades.Read"]);
        for _ in 0..5 {
            assert_eq!(look().bearer(&old).of(&shop).await.0, 200);
        }
        assert_eq!(reads(&shop), 1, "they are kept");
        tokio::time::sleep(Duration::from_secs(61)).await;
        shop.azure.world().entra.signing.rotate();
        let new = shop.token_of("alice", &[]);
        assert_eq!(look().bearer(&new).of(&shop).await.0, 200, "a key that is not known is asked for");
        assert_eq!(look().bearer(&old).of(&shop).await.0, 200, "the one before counts still");
        assert_eq!(reads(&shop), 2);
        let claims = claims(&shop, &json!({}));
        for number in 0..50 {
            let stranger = Signing::default().sign_as(&format!("stranger-{number}"), &claims);
            assert_eq!(look().bearer(&stranger).of(&shop).await.0, 401);
        }
        assert!(reads(&shop) <= 3, "{} times", reads(&shop));
        // A stolen key is withdrawn: within the hour it counts no more.
        shop.azure.world().entra.signing.replace();
        tokio::time::sleep(Duration::from_secs(3601)).await;
        let now = shop.token_of("alice", &[]);
        assert_eq!(look().bearer(&now).of(&shop).await.0, 200);
        assert_eq!(look().bearer(&new).of(&shop).await.0, 401);
    });
}

#[test]
fn a_directory_that_does_not_answer_is_no_yes_and_what_is_known_lasts_a_day() {
    story(|| async {
        let shop = closed(May::Nothing);
        let token = shop.token_of("alice", &["Upgrades.Read"]);
        let silent = || Fault::always("silent", On::host("login."), Effect::Delay(Duration::from_secs(3600)));
        shop.azure.world().faults.add(silent());
        let answer = look().bearer(&token).whole(&shop).await;
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()), (503, &b"10"[..]));
        shop.azure.world().faults.remove("silent");
        tokio::time::sleep(Duration::from_secs(61)).await;
        assert_eq!(look().bearer(&token).of(&shop).await.0, 200);
        shop.azure.world().faults.add(silent());
        for (hours, status) in [(20, 200), (5, 503)] {
            tokio::time::sleep(Duration::from_secs(hours * 3600)).await;
            let token = shop.token_of("alice", &[]);
            assert_eq!(look().bearer(&token).of(&shop).await.0, status, "after {hours} h more");
        }
    });
}

#[test]
fn a_document_that_leads_elsewhere_is_not_followed() {
    story(|| async {
        let shop = closed(May::Nothing);
        let token = shop.token_of("alice", &["Upgrades.Read"]);
        let (url, issuer) =
            ("https://keys.example.com/keys", format!("{AUTHORITY}/{}/v2.0", simulated_azure::entra::TENANT));
        let document = json!({"issuer": issuer, "jwks_uri": url});
        let lies = Effect::Answer { status: StatusCode::OK, headers: vec![], body: document };
        shop.azure.world().faults.add(Fault::always("lies", On::host("login."), lies));
        assert_eq!(look().bearer(&token).of(&shop).await.0, 503);
        assert!(!shop.azure.world().calls.iter().any(|call| call.host.contains("keys.example.com")));
    });
}

#[test]
fn whoever_changes_something_means_it_and_comes_from_here() {
    story(|| async {
        let shop = closed(May::Nothing);
        let token = shop.token_of("alice", &["Upgrades.Act"]);
        for (what, ask, status) in [
            ("a form", begin().with("content-type", "application/x-www-form-urlencoded"), 415),
            ("plain text", begin().with("content-type", "text/plain"), 415),
            ("no intent", begin().with("x-bluegreen-intent", ""), 400),
            ("a foreign page", begin().with("origin", "https://evil.example"), 403),
            ("a page in a sandbox", begin().with("origin", "null"), 403),
            ("a neighbour", begin().with("origin", "https://app.example.com.evil.example"), 403),
            ("another port", begin().with("origin", "https://app.example.com:8443"), 403),
            ("our own page", begin().with("origin", "https://app.example.com"), 202),
        ] {
            let (code, said) = ask.bearer(&token).of(&shop).await;
            assert_eq!(code, status, "{what}: {said}");
        }
        // Whoever only looks needs none of that.
        let looks = look().bearer(&token).with("origin", "https://evil.example");
        let answer = looks.whole(&shop).await;
        assert_eq!(answer.status().as_u16(), 200);
        assert!(!answer.headers().keys().any(|name| name.as_str().starts_with("access-control-")));
    });
}

#[test]
fn an_order_is_for_what_was_shown() {
    story(|| async {
        let shop = closed(May::Nothing);
        let token = shop.token_of("alice", &["Upgrades.Act"]);
        assert_eq!(begin().bearer(&token).of(&shop).await.0, 202);
        let shown = Ask { path: "/upgrades/shop", ..look() }.bearer(&token).whole(&shop).await;
        let etag = shown.headers()["etag"].to_str().unwrap().to_owned();
        let verb = |verb: &'static str, etag: &str| {
            Ask { path: verb, body: json!({"reason": "a test"}), ..begin() }.with("if-match", etag).bearer(&token)
        };
        let run = shop.run().unwrap();
        assert!(etag.starts_with(&format!("\"{}/CheckPlan/0/", run.id)), "{etag}");
        for (verb, status, why) in [
            (verb("/upgrades/shop/pause", "\"x\""), 400, "If-Match is no ETag of a run's page"),
            (verb("/upgrades/shop/pause", "*"), 400, "If-Match is no ETag of a run's page"),
            (verb("/upgrades/shop/abort", &etag.replace("CheckPlan", "Soak")), 412, "the run is at step CheckPlan"),
            (verb("/upgrades/shop/abort", &etag.replace(&run.id, "shop-0")), 412, "the site's run is"),
            (verb("/upgrades/shop/pause", &etag), 200, ""),
        ] {
            let (code, said) = verb.of(&shop).await;
            assert!(code == status && said.contains(why), "{code} {said}, expected {status} {why}");
        }
        let both = Ask { body: json!({"run": "shop-0"}), ..verb("/upgrades/shop/resume", &etag) };
        assert_eq!(both.of(&shop).await.0, 400);
        assert_eq!(verb("/upgrades/shop/resume", &etag).of(&shop).await, (200, String::new()), "it is where it was");
    });
}

#[test]
fn no_easy_auth_and_no_host_in_front_make_no_difference() {
    story(|| async {
        let shop = closed(May::Nothing);
        let mut config = config(Cloud::Public).unwrap();
        config.api.key_may = May::Nothing;
        let token = shop.token_of("alice", &["Upgrades.Read"]);
        for (tenant, status) in [(true, 200), (false, 401)] {
            config.api.directory = config.api.directory.filter(|_| tenant);
            let router = router(app_with(&shop.azure, &Process::new("bare"), &config).unwrap());
            let call = json!({"Data": {"req": {"Method": "GET", "Url": "https://x/upgrades", "Headers": {
                "Authorization": [format!("Bearer {token}")], "X-MS-CLIENT-PRINCIPAL-NAME": ["ceo"]}}}, "Metadata": {}});
            let enveloped = Request::post("/Upgrades").body(Body::from(call.to_string())).unwrap();
            let (code, answer) = read(router.clone().oneshot(enveloped).await.unwrap()).await;
            assert_eq!((code, &answer["Outputs"]["res"]["statusCode"]), (200, &json!(status)), "{answer}");
            let request = Request::get("/upgrades").header("authorization", format!("Bearer {token}"));
            assert_eq!(read(router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()).await.0, status);
        }
    });
}
