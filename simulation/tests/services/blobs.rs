//! Blob storage: asked by the production clients, and by hand where every header counts.
use super::wire::{azure, identity, morning};
use azure_core::http::{ClientOptions, Etag, StatusCode};
use azure_storage_blob::models::{BlobClientDeleteOptions, BlobClientDownloadOptions, BlobClientUploadOptions};
use azure_storage_blob::models::{BlobClientGetPropertiesResultHeaders, BlobContainerClientListBlobsOptions};
use azure_storage_blob::{BlobClient, BlobContainerClient, BlobContainerClientOptions};
use bytes::Bytes;
use futures::TryStreamExt;
use http_body_util::BodyExt;
use simulated_azure::{blobs::Blobs, clock::http_date};
use std::collections::HashMap;
use std::num::NonZero;

const ACCOUNT: &str = "https://shop.blob.core.windows.net";

fn client(name: &str, options: &ClientOptions) -> BlobClient {
    container(options).blob_client(name)
}

fn container(options: &ClientOptions) -> BlobContainerClient {
    let more = BlobContainerClientOptions { client_options: options.clone(), ..Default::default() };
    let url = format!("{ACCOUNT}/runs").parse().unwrap();
    BlobContainerClient::new(url, Some(identity("c", options)), Some(more)).unwrap()
}

fn replacing(etag: &Etag) -> Option<BlobClientUploadOptions<'static>> {
    Some(BlobClientUploadOptions { if_match: Some(etag.clone()), ..Default::default() })
}

#[tokio::test(start_paused = true)]
async fn the_production_client_writes_reads_and_deletes() {
    let (azure, options) = azure();
    container(&options).create(None).await.unwrap();
    let blob = client("sites/ä b+c%.json", &options);
    assert!(!blob.exists().await.unwrap());
    let metadata = HashMap::from([("kind".to_owned(), "site".to_owned())]);
    let how = BlobClientUploadOptions {
        metadata: Some(metadata.clone()),
        blob_content_type: Some("application/json".into()),
        ..Default::default()
    };
    let written = blob.upload(Bytes::from_static(b"{}").into(), Some(how)).await.unwrap();
    assert_eq!(azure.world().blobs.get("shop", "runs", "sites/ä b+c%.json"), Some(b"{}".as_slice()));
    let read = blob.download(None).await.unwrap();
    assert_eq!(
        (&read.properties.etag, &read.properties.content_type),
        (&written.etag, &Some("application/json".into()))
    );
    assert_eq!(read.properties.metadata, metadata);
    let date = read.headers.get_str(&"date".into()).unwrap().to_owned();
    assert_eq!(date, http_date(morning()), "the answer carries the store's time");
    assert_eq!(read.body.collect().await.unwrap(), "{}");
    assert_eq!(blob.get_properties(None).await.unwrap().etag().unwrap(), written.etag);
    blob.delete(None).await.unwrap();
    assert!(!blob.exists().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_blob_is_replaced_only_if_nobody_changed_it() {
    let (azure, options) = azure();
    azure.world().blobs.create_container("shop", "runs");
    let blob = client("shop.json", &options);
    let first = blob.upload(Bytes::from_static(b"1").into(), None).await.unwrap().etag.unwrap();
    let second = blob.upload(Bytes::from_static(b"2").into(), replacing(&first)).await.unwrap().etag.unwrap();
    assert_ne!(first, second);
    let late = blob.upload(Bytes::from_static(b"3").into(), replacing(&first)).await.unwrap_err();
    assert_eq!(late.http_status(), Some(StatusCode::PreconditionFailed));
    let gone = client("other.json", &options).upload(Bytes::new().into(), replacing(&first)).await.unwrap_err();
    assert_eq!(gone.http_status(), Some(StatusCode::PreconditionFailed), "a blob that is not there matches nothing");
    let taken = blob.upload(Bytes::new().into(), Some(BlobClientUploadOptions::default().if_not_exists())).await;
    assert_eq!(taken.unwrap_err().http_status(), Some(StatusCode::Conflict));
    let stale = BlobClientDeleteOptions { if_match: Some(first), ..Default::default() };
    assert_eq!(blob.delete(Some(stale)).await.unwrap_err().http_status(), Some(StatusCode::PreconditionFailed));
    assert_eq!(azure.world().blobs.get("shop", "runs", "shop.json"), Some(b"2".as_slice()));
}

#[tokio::test(start_paused = true)]
async fn what_the_reader_has_already_is_not_sent_again() {
    let (azure, options) = azure();
    azure.world().blobs.put("shop", "runs", "a", b"1", morning());
    let blob = client("a", &options);
    let etag = blob.get_properties(None).await.unwrap().etag().unwrap();
    let known = BlobClientDownloadOptions { if_none_match: etag, ..Default::default() };
    let answer = blob.download(Some(known)).await.map(|_| ()).unwrap_err();
    assert_eq!(answer.http_status(), Some(StatusCode::NotModified));
}

#[tokio::test(start_paused = true)]
async fn an_empty_blob_can_be_read() {
    let (azure, options) = azure();
    azure.world().blobs.put("shop", "runs", "empty", b"", morning());
    let read = client("empty", &options).download(None).await.unwrap();
    assert_eq!(read.body.collect().await.unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn a_large_blob_travels_in_blocks_and_ranges() {
    let (azure, options) = azure();
    azure.world().blobs.create_container("shop", "runs");
    let content = (0..=255).cycle().take(10_001).collect::<Vec<u8>>();
    let how = BlobClientUploadOptions { partition_size: NonZero::new(4000), ..Default::default() };
    let blob = client("large", &options);
    blob.upload(Bytes::from(content.clone()).into(), Some(how)).await.unwrap();
    assert_eq!(azure.world().blobs.get("shop", "runs", "large"), Some(content.as_slice()));
    let how = BlobClientDownloadOptions { partition_size: NonZero::new(3000), ..Default::default() };
    let read = blob.download(Some(how)).await.unwrap().body.collect().await.unwrap();
    assert_eq!(read, content);
    let ranges = azure.world().calls.iter().filter(|call| call.status.is_some_and(|status| status == 206)).count();
    assert_eq!(ranges, 4);
}

#[tokio::test(start_paused = true)]
async fn a_list_comes_in_pages_and_in_order() {
    let (azure, options) = azure();
    let names = ["history/1", "history/2 <&>\"'", "history/3\u{1}", "history/ä", "zebra"];
    for name in names {
        azure.world().blobs.put("shop", "runs", name, name.as_bytes(), morning());
    }
    let how = BlobContainerClientListBlobsOptions {
        prefix: Some("history/".into()),
        maxresults: Some(3),
        ..Default::default()
    };
    let pages = container(&options).list_blobs(Some(how)).unwrap().into_pages().try_collect::<Vec<_>>().await.unwrap();
    let mut found = Vec::new();
    let sizes = pages.into_iter().map(|page| page.into_model().unwrap().blob_items).map(|items| {
        found.extend(items.iter().map(|item| item.name.clone().unwrap()));
        assert!(items.iter().all(|item| item.properties.as_ref().unwrap().content_length.is_some()));
        items.len()
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [3, 1]);
    assert_eq!(found, names[..4]);
    assert_eq!(azure.world().blobs.names("shop", "runs", "history/"), names[..4]);
    assert!(azure.world().blobs.names("shop", "nothing", "").is_empty());
}

struct Answer {
    status: u16,
    code: String,
    body: String,
}

async fn ask(blobs: &mut Blobs, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut request = http::Request::builder().method(method).uri(format!("{ACCOUNT}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = blobs.respond(&request.body(Bytes::copy_from_slice(body)).unwrap(), morning());
    assert_eq!(reply.headers()["date"], http_date(morning()).as_str(), "{method} {path}: every answer tells the time");
    assert!(reply.headers().contains_key("x-ms-request-id") && reply.headers().contains_key("x-ms-version"));
    let code = reply.headers().get("x-ms-error-code").map_or("", |code| code.to_str().unwrap()).to_owned();
    let status = reply.status().as_u16();
    let body = reply.into_body().collect().await.unwrap().to_bytes();
    Answer { status, code, body: String::from_utf8(body.to_vec()).unwrap() }
}

const ALLOWED: [(&str, &str); 2] = [("authorization", "Bearer opaque"), ("x-ms-version", "2026-02-06")];

#[tokio::test]
async fn a_stranger_is_told_where_to_get_a_token() {
    let mut blobs = Blobs::default();
    let answer = ask(&mut blobs, "GET", "/runs/a", &[], b"").await;
    assert_eq!((answer.status, answer.code.as_str()), (401, "NoAuthenticationInformation"));
    let answer = ask(&mut blobs, "GET", "/runs/a", &ALLOWED[..1], b"").await;
    assert_eq!(
        (answer.status, answer.code.as_str()),
        (403, "AuthenticationFailed"),
        "the oldest version knows no bearer"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_for_something_else_is_refused() {
    let (azure, options) = azure();
    azure.world().blobs.put("shop", "runs", "a", b"1", morning());
    let credential = identity("c", &options);
    let token = credential.get_token(&["https://management.azure.com/.default"], None).await.unwrap();
    let bearer = format!("Bearer {}", token.token.secret());
    let headers = [("authorization", bearer.as_str()), ALLOWED[1]];
    let mut blobs = std::mem::take(&mut azure.world().blobs);
    let answer = ask(&mut blobs, "GET", "/runs/a", &headers, b"").await;
    assert_eq!((answer.status, answer.code.as_str()), (401, "InvalidAuthenticationInfo"));
}

/// A call and its answer: method, path, headers, body; status and error code.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str);

async fn assert_answers(blobs: &mut Blobs, rows: &[Row<'_>]) {
    for (method, path, headers, body, status, code) in rows {
        let headers = [&ALLOWED[..], headers].concat();
        let answer = ask(blobs, method, path, &headers, body.as_bytes()).await;
        assert_eq!((answer.status, answer.code.as_str()), (*status, *code), "{method} {path} {body}");
        let silent = *method == "HEAD" || *status == 304 || code.is_empty();
        assert_eq!(answer.body.contains(&format!("<Code>{code}</Code>")), !silent, "{method} {path}: {}", answer.body);
    }
}

/// What asks for blocks, and for what is not there at all.
const BLOCKS: &[Row<'_>] = &[
    ("PUT", "/runs/b?comp=block&blockid=%21", &[], "x", 400, "InvalidQueryParameterValue"),
    ("PUT", "/runs/b?comp=block", &[], "x", 400, "InvalidQueryParameterValue"),
    ("PUT", "/runs/b?comp=block&blockid=YQ%3D%3D", &[], "x", 201, ""),
    ("PUT", "/runs/b?comp=block&blockid=YWJjZGVm", &[], "x", 400, "InvalidBlobOrBlock"),
    ("GET", "/runs/b", &[], "", 404, "BlobNotFound"),
    ("PUT", "/runs/b?comp=blocklist", &[], "<BlockList><Latest>YQ==", 400, "InvalidXmlDocument"),
    ("PUT", "/runs/b?comp=blocklist", &[], "<BlockList><Latest>Yg==</Latest></BlockList>", 400, "InvalidBlockList"),
    ("PUT", "/runs/b?comp=blocklist", &[("if-match", "*")], "", 412, "ConditionNotMet"),
    ("PATCH", "/runs/a", &[], "", 405, "UnsupportedHttpVerb"),
    ("PUT", "/runs/a?comp=lease", &[], "", 501, "NotImplemented"),
    ("GET", "/", &[], "", 501, "NotImplemented"),
];

#[tokio::test]
async fn every_refusal_has_the_codes_of_the_service() {
    let mut blobs = Blobs::default();
    blobs.put("shop", "runs", "a", b"12345", morning());
    let long = format!("/runs/{}", "x".repeat(1025));
    let fat = "v".repeat(9000);
    let none: &[(&str, &str)] = &[];
    let block: &[(&str, &str)] = &[("x-ms-blob-type", "BlockBlob")];
    let single: [Row<'_>; 24] = [
        ("GET", "/none/a", none, "", 404, "ContainerNotFound"),
        ("GET", "/runs/b", none, "", 404, "BlobNotFound"),
        ("HEAD", "/runs/b", none, "", 404, "BlobNotFound"),
        ("DELETE", "/runs/b", none, "", 404, "BlobNotFound"),
        ("PUT", "/none/a", block, "", 404, "ContainerNotFound"),
        ("PUT", "/runs/b", none, "", 400, "MissingRequiredHeader"),
        ("PUT", "/runs/b", &[("x-ms-blob-type", "Blob")], "", 400, "InvalidHeaderValue"),
        ("PUT", "/runs/b", &[("x-ms-blob-type", "PageBlob")], "", 501, "NotImplemented"),
        ("PUT", "/runs/b", &[block[0], ("x-ms-meta-m", &fat)], "", 400, "MetadataTooLarge"),
        ("PUT", &long, block, "", 400, "OutOfRangeInput"),
        ("PUT", "/runs/%zz", block, "", 400, "InvalidUri"),
        ("PUT", "/runs/%ff", block, "", 400, "InvalidUri"),
        ("PUT", "/runs?restype=container", none, "", 409, "ContainerAlreadyExists"),
        ("PUT", "/Runs?restype=container", none, "", 400, "InvalidResourceName"),
        ("PUT", "/r?restype=container", none, "", 400, "OutOfRangeInput"),
        ("GET", "/runs/a", &[("if-none-match", "*")], "", 400, "UnsatisfiableCondition"),
        ("GET", "/runs/a", &[("if-modified-since", "yesterday")], "", 400, "InvalidHeaderValue"),
        ("GET", "/runs/a", &[("if-modified-since", "Sun, 25 Nov 2096 08:00:00 GMT")], "", 304, "ConditionNotMet"),
        ("GET", "/runs/a", &[("if-unmodified-since", "Sun, 25 Nov 2096 07:59:59 GMT")], "", 412, "ConditionNotMet"),
        ("GET", "/runs/a", &[("range", "bytes=5-")], "", 416, "InvalidRange"),
        ("GET", "/runs/a", &[("range", "bytes=3-1")], "", 416, "InvalidRange"),
        ("GET", "/runs/a", &[("range", "lines=3-1")], "", 200, ""),
        ("GET", "/runs/a", &[("range", "bytes=0-99999999999999999999999")], "", 200, ""),
        ("GET", "/runs/a", &[("range", "bytes=1-99")], "", 206, ""),
    ];
    assert_answers(&mut blobs, &single).await;
    let page = "/runs?restype=container&comp=list";
    let (no, many, marked) =
        (format!("{page}&maxresults=0"), format!("{page}&maxresults=many"), format!("{page}&marker=nonsense"));
    let lists: [Row<'_>; 5] = [
        ("GET", page, none, "", 200, ""),
        ("GET", &no, none, "", 400, "OutOfRangeQueryParameterValue"),
        ("GET", &many, none, "", 400, "InvalidQueryParameterValue"),
        ("GET", &marked, none, "", 400, "InvalidQueryParameterValue"),
        ("GET", "/none?restype=container&comp=list", none, "", 404, "ContainerNotFound"),
    ];
    assert_answers(&mut blobs, &lists).await;
    assert_answers(&mut blobs, BLOCKS).await;
    assert_eq!(blobs.names("shop", "runs", ""), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_blob_keeps_its_age() {
    let (azure, options) = azure();
    let later = morning() + jiff::SignedDuration::from_hours(1);
    azure.world().blobs.put("shop", "runs", "a", b"1", morning());
    azure.world().blobs.put("shop", "runs", "a", b"2", later);
    let read = client("a", &options).download(None).await.unwrap().properties;
    assert_eq!(read.created_on.unwrap().unix_timestamp(), morning().as_second());
    assert_eq!(read.last_modified.unwrap().unix_timestamp(), later.as_second());
}

#[tokio::test]
async fn a_block_list_may_keep_blocks_that_are_there_already() {
    let mut blobs = Blobs::default();
    blobs.create_container("shop", "runs");
    for (path, body, status) in [
        ("/runs/a?comp=block&blockid=YQ%3D%3D", "one", 201),
        ("/runs/a?comp=blocklist", "<?xml version=\"1.0\"?>\n<BlockList><Latest>YQ==</Latest></BlockList>", 201),
        ("/runs/a?comp=block&blockid=Yg%3D%3D", "two", 201),
        ("/runs/a?comp=blocklist", "<BlockList><Committed>Yg==</Committed></BlockList>", 400),
        (
            "/runs/a?comp=blocklist",
            "<BlockList><Uncommitted>Yg==</Uncommitted><Committed>YQ==</Committed></BlockList>",
            201,
        ),
    ] {
        assert_eq!(ask(&mut blobs, "PUT", path, &ALLOWED, body.as_bytes()).await.status, status, "{path} {body}");
    }
    assert_eq!(blobs.get("shop", "runs", "a"), Some(b"twoone".as_slice()));
}
