//! Sign-in and credits.

use super::*;

#[test]
fn the_password_grant_takes_multipart_as_well() {
    let mut client = Client::new(|_| ());
    let field = |name: &str, value: &str| {
        format!("--xYz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = [
        field("client_id", "joor-client"),
        field("client_secret", "joor-client-secret"),
        field("grant_type", "password"),
        field("username", "sync@brand.example"),
        field("password", "joor-password"),
        "--xYz--\r\n".into(),
    ];
    let answer = client.sign_in("multipart/form-data; boundary=xYz", &body.concat());
    assert_eq!(
        (answer.status, &answer.body["expires_in"]),
        (200, &json!(36_000))
    );
    client.token = answer.body["access_token"].as_str().unwrap().into();
    assert_eq!(client.get("products").status, 200);
}

#[test]
fn a_wrong_password_is_refused_as_keycloak_does() {
    let mut client = Client::new(|_| ());
    let form = "application/x-www-form-urlencoded";
    let wrong = client.sign_in(form, &FORM.replace("joor-password", "nope"));
    assert_eq!(
        (wrong.status, &wrong.body["error"]),
        (401, &json!("invalid_grant"))
    );
    let wrong = client.sign_in(form, &FORM.replace("client-secret", "nope"));
    assert_eq!(
        (wrong.status, &wrong.body["error"]),
        (401, &json!("invalid_client"))
    );
    let wrong = client.sign_in(form, &FORM.replace("=password", "=magic"));
    assert_eq!(
        (wrong.status, &wrong.body["error"]),
        (400, &json!("unsupported_grant_type"))
    );
}

#[test]
fn an_access_token_ends_after_ten_hours_or_when_it_is_revoked() {
    let mut client = Client::new(|_| ());
    client.now += 35_999_999;
    assert_eq!(client.get("products").status, 200);
    client.now += 1;
    assert_eq!(client.get("products").status, 401);
    let mut client = Client::new(|_| ());
    client.account.revoke_tokens();
    assert_eq!(client.get("products").status, 401);
}

#[test]
fn every_v4_call_needs_the_account() {
    let mut client = Client::new(|_| ());
    let bearer = format!("Bearer {}", client.token);
    let headers = [("authorization", bearer.as_str())];
    let answer = client.send("GET", "/v4/products", &headers, "");
    assert_eq!(
        (answer.status, &answer.body["errors"][0]["status"]),
        (400, &json!("INVALID"))
    );
    let answer = client.send("GET", "/v4/products?account=9", &headers, "");
    assert_eq!(
        (answer.status, &answer.body["errors"][0]["status"]),
        (403, &json!("FORBIDDEN"))
    );
}

#[test]
fn a_v2_token_has_to_be_encoded() {
    let mut client = Client::new(|_| ());
    let headers = [("authorization", "OAuth2 joor-v2-token")];
    let answer = client.send("POST", "/v2/bulk-inventory", &headers, "{}");
    assert_eq!(answer.status, 401);
    assert_eq!(
        client.account.counters().credits,
        0,
        "a stranger spends nothing"
    );
}

#[test]
fn reads_and_writes_share_one_window_of_credits() {
    let mut client = Client::new(|options| options.credits.limit = 6);
    assert_eq!(client.load("", &json!([])).status, 200);
    assert_eq!(client.get("products").status, 200);
    client.now += 1_000;
    let spent = client.get("products");
    assert_eq!(spent.status, 429);
    assert_eq!(spent.header("retry-after"), Some("299"));
    assert_eq!(spent.header("x-throttling-account-id"), Some("1234"));
    assert_eq!(spent.header("x-throttling-credits-remaining"), Some("0"));
    let counters = client.account.counters();
    assert_eq!(
        (counters.reads, counters.writes, counters.credits),
        (1, 1, 6)
    );
    assert_eq!(counters.throttled, 1);
    client.now += 299_000;
    assert_eq!(client.get("products").status, 200);
}

#[test]
fn v2_can_have_credits_of_its_own_and_a_429_can_say_nothing() {
    let mut client = Client::new(|options| {
        options.credits.limit = 5;
        options.credits.v2_apart = true;
        options.credits.retry_after = false;
        options.credits.usage_headers = false;
    });
    assert_eq!(client.load("", &json!([])).status, 200);
    assert_eq!(client.get("products").status, 200);
    let spent = client.load("", &json!([]));
    assert_eq!(spent.status, 429);
    assert_eq!(
        spent.headers.len(),
        1,
        "content-type alone: {:?}",
        spent.headers
    );
}
