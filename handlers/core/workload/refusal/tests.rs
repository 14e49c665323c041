//! What each refusal means, in servers' own words.
use super::*;
use serde_json::json;

fn refused(code: u16, message: &str) -> Refusal {
    Refusal { code, message: message.into(), causes: vec![] }
}

#[test]
fn what_can_never_pass_is_told_from_what_may() {
    let typed =
        "failed to create typed patch object (shop/a; /v1, Kind=ConfigMap): .data.a: expected string, got &value";
    let convert = "failed to convert new object (shop/a; /v1, Kind=Secret) to proper version: illegal base64 data";
    let webhook =
        "Internal error occurred: failed calling webhook \"a.b.c\": failed to call webhook: Post \"https://none\"";
    let vap = "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'vap' with binding 'b' denied request: no";
    for (code, message, expected) in [
        (400, "json: cannot unmarshal", "never"),
        (422, "Job.batch \"a\" is invalid: spec.template: Invalid value: field is immutable", "never"),
        (413, "Request entity too large: limit is 3145728", "never"),
        (405, "the server does not allow this method on the requested resource", "never"),
        (500, typed, "never"),
        (500, convert, "never"),
        (400, "admission webhook \"x\" denied the request: no", "later"),
        (403, "admission webhook \"validation.gatekeeper.sh\" denied the request: [azurepolicy] no", "later"),
        (422, vap, "later"),
        (
            403,
            "pods \"p\" is forbidden: error looking up service account shop/x: serviceaccount \"x\" not found",
            "later",
        ),
        (403, "configmaps \"a\" is forbidden: exceeded quota: q", "later"),
        (
            403,
            "configmaps \"a\" is forbidden: unable to create new content in namespace shop because it is being terminated",
            "later",
        ),
        (404, "namespaces \"shop\" not found", "later"),
        (409, "Operation cannot be fulfilled on configmaps \"a\": the object has been modified", "later"),
        (409, "object is being deleted: configmaps \"a\" already exists", "later"),
        (429, "too many requests", "later"),
        (500, webhook, "ill"),
        (500, "etcdserver: leader changed", "ill"),
        (503, "the server is currently unable to handle the request", "ill"),
        (504, "Timeout: request did not complete within requested timeout", "ill"),
        (0, "", "ill"),
    ] {
        let found = match meaning(&refused(code, message), false) {
            Meaning::Never(_) => "never",
            Meaning::Later(_) => "later",
            Meaning::Ill(_) => "ill",
        };
        assert_eq!(found, expected, "{code} {message}");
    }
}

#[test]
fn what_keeps_its_first_value_is_said_with_what_to_do() {
    for message in [
        "StorageClass.storage.k8s.io \"default\" is invalid: parameters: Forbidden: updates to parameters are forbidden.",
        "Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {}: field is immutable",
    ] {
        let Meaning::Never(said) = meaning(&refused(422, message), false) else { panic!("{message}") };
        assert!(said.contains("give yours another name"), "{said}");
    }
    let Meaning::Never(said) = meaning(&refused(422, "a is invalid: spec.x: Required value"), false) else { panic!() };
    assert!(!said.contains("another name"), "{said}");
}

#[test]
fn a_custom_resource_is_judged_anew_while_its_definition_is_young() {
    let typed = "failed to create typed patch object (shop/a; example.com/v1, Kind=Part): .spec.b: field not declared in schema";
    for (code, message) in
        [(500, typed), (422, "Part.example.com \"a\" is invalid: spec.b: Required value"), (400, "bad")]
    {
        assert!(matches!(meaning(&refused(code, message), true), Meaning::Later(_)), "{code}");
        assert!(matches!(meaning(&refused(code, message), false), Meaning::Never(_)), "{code}");
    }
}

#[test]
fn a_kind_that_is_not_served_is_told_by_whose_it_is() {
    for (api, never) in [
        ("policy/v1beta1", true),
        ("batch/v1beta1", true),
        ("v2", true),
        ("flowcontrol.apiserver.k8s.io/v1beta3", true),
        ("autoscaling/v2beta2", true),
        ("gateway.networking.k8s.io/v1", false),
        ("snapshot.storage.k8s.io/v1", false),
        ("metrics.k8s.io/v1beta1", false),
        ("monitoring.coreos.com/v1", false),
    ] {
        let object = json!({"apiVersion": api, "kind": "Thing"});
        let found = not_served(&object, "1.34.1");
        assert_eq!(matches!(found, Meaning::Never(_)), never, "{api}");
        let (Meaning::Never(words) | Meaning::Later(words) | Meaning::Ill(words)) = found;
        assert!(words.contains(api) && words.contains("Thing"), "{words}");
    }
}

#[test]
fn a_missing_right_is_named_with_its_remedy() {
    let azure = "deployments.apps \"web\" is forbidden: User \"0f0f\" cannot patch resource \"deployments\" in API group \"apps\" \
        in the namespace \"shop\": User does not have access to the resource in Azure. Update role assignment to allow access.";
    let said = in_words(&refused(403, azure));
    assert!(
        said.starts_with("the identity 0f0f may not patch deployments.apps in the namespace shop: give it"),
        "{said}"
    );
    let core = "nodes is forbidden: User \"x\" cannot list resource \"nodes\" in API group \"\" at the cluster scope";
    assert!(in_words(&refused(403, core)).starts_with("the identity x may not list nodes in the whole cluster: "));
    let escalation = "clusterroles.rbac.authorization.k8s.io \"admin\" is forbidden: user \"x\" (groups=[\"a\"]) is attempting to \
        grant RBAC permissions not currently held:\n{APIGroups:[\"*\"]}";
    assert!(in_words(&refused(403, escalation)).contains("grants more than this identity may do"));
    let other = "pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": privileged";
    assert_eq!(in_words(&refused(403, other)), other);
}

#[test]
fn a_conflict_names_fields_owner_and_remedy() {
    let cause = |owner: &str, field: &str| Cause {
        reason: "FieldManagerConflict".into(),
        message: format!("conflict with \"{owner}\" using v1"),
        field: field.into(),
    };
    let message =
        "Apply failed with 3 conflicts: conflicts with \"addon-manager\" using v1:\n- .data.a\n- .data.b".to_owned();
    let causes =
        vec![cause("addon-manager", ".data.a"), cause("addon-manager", ".data.b"), cause("hpa", ".spec.replicas")];
    let Meaning::Never(said) = meaning(&Refusal { code: 409, message, causes }, false) else { panic!() };
    assert!(
        said.starts_with("\"addon-manager\" owns .data.a, .data.b; \"hpa\" owns .spec.replicas: leave that out"),
        "{said}"
    );
    assert!(said.contains("aks-bluegreen/take-over: \"true\""), "{said}");
    let many = (0..9).map(|number| cause("x", &format!(".data.{number}"))).collect();
    let refusal = Refusal { code: 409, message: "Apply failed with 9 conflicts".into(), causes: many };
    let Meaning::Never(said) = meaning(&refusal, false) else { panic!() };
    assert!(said.contains(".data.4 and 4 more"), "{said}");
}

#[test]
fn a_servers_words_are_cut_to_a_sentence() {
    use super::words::first_sentence;
    assert_eq!(first_sentence("It is wrong. Mend it."), "It is wrong");
    assert_eq!(
        first_sentence("a name, e.g. example.com, is needed: see there"),
        "a name, e.g. example.com, is needed: see there"
    );
    assert_eq!(first_sentence("one\ntwo"), "one");
    assert_eq!(first_sentence(&"é".repeat(400)).chars().count(), 301);
}

#[test]
fn a_count_that_an_own_pin_has_written_is_nobodys() {
    let conflict = |managers: &[&str]| Refusal {
        code: 409,
        message: "Apply failed with 1 conflict".into(),
        causes: managers
            .iter()
            .map(|manager| Cause {
                message: format!("conflict with {manager:?} using autoscaling/v2"),
                ..Cause::default()
            })
            .collect(),
    };
    assert!(is_own_pin(&conflict(&[PIN])));
    for others in [&["helm"][..], &[PIN, "helm"], &["aks-bluegreen-pinned"], &[]] {
        assert!(!is_own_pin(&conflict(others)), "{others:?}");
    }
}
