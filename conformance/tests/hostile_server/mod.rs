//! An endpoint that misbehaves for some operations, in the ways of broken or hostile servers and gateways, and is healthy
//! otherwise. Writes HTTP/1.1 to a socket, because no library would send such responses.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect_emulator::{Config, Service};
use connect_model::schema::Schema;
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_model::wire::{Router, encode_request};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

/// The server's treatment of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Misbehaviour {
    /// None.
    Healthy,
    /// Reads the request and sends nothing.
    NeverAnswers,
    /// Sends a head, then an endless body byte by byte.
    Drips,
    /// Sends `100 Continue` endlessly.
    ContinuesForEver,
    /// Resets the connection.
    Resets,
    /// Closes the connection in the middle of the body.
    ClosesHalfWay,
    /// Announces ten gigabytes and sends them.
    TenGigabytes,
    /// Sends endless chunks without a length.
    ChunksForEver,
    /// A gzip body that would decompress to more than the memory limit.
    GzipBomb,
    /// Redirects to itself.
    RedirectsInACircle,
    /// Redirects to another host, with a status that keeps method and body.
    RedirectsElsewhere,
    /// 200 with an HTML page.
    Html,
    /// A string that is not UTF-8.
    InvalidUtf8,
    /// A duplicate key.
    DuplicateKey,
    /// Lists nested ten thousand deep.
    DeepJson,
    /// Two megabytes of empty lists.
    ManyValues,
    /// `Content-Length` is larger than the body, and the connection closes.
    PromisesTooMuch,
    /// `Content-Length` is larger than the body, and the connection stays open.
    PromisesTooMuchAndHolds,
    /// `Content-Length` is half of the body.
    PromisesTooLittle,
    /// Each page is the first page with a new token.
    EndlessToken,
    /// Each page has no items and a new token.
    EndlessEmptyPages,
    /// A header of a megabyte.
    LargeHeader,
    /// A thousand headers.
    ManyHeaders,
    /// The response for another flow.
    AnotherAnswer,
    /// The right response, followed by one that was not requested.
    ExtraAnswer,
    /// Almost two megabytes of JSON: one long string.
    LargeJson,
    /// Two megabytes of JSON: a key of half a megabyte, and unknown members.
    LongKeys,
    /// Almost as many bytes of headers as the client accepts.
    FullHead,
    /// An error with a name of almost a megabyte, different each time.
    LongErrorName,
    /// The right response, with an unknown member of a megabyte.
    LongMember,
    /// Sixty right responses, then those of a load balancer without a server.
    GoesAway,
}

/// The other host of a redirect.
#[derive(Clone, Debug, Default)]
pub(crate) struct OtherHost(Arc<Mutex<Vec<String>>>);

impl OtherHost {
    /// Heads of the requests that it received.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A running server.
pub(crate) struct HostileServer {
    /// Base URL.
    pub(crate) url: String,
    /// The instance to work in.
    pub(crate) instance: String,
    /// The target of [`Misbehaviour::RedirectsElsewhere`].
    pub(crate) other: OtherHost,
    state: Arc<State>,
}

struct State {
    service: Service,
    router: Router<'static>,
    misbehaviour: Misbehaviour,
    /// Affected operations; all if empty.
    of: Vec<&'static str>,
    address: SocketAddr,
    other: SocketAddr,
    large: Vec<u8>,
    met: AtomicUsize,
    /// A flow that exists from the start.
    flow: String,
}

impl HostileServer {
    /// Listens on a free port until the runtime ends.
    pub(crate) fn start(runtime: &Handle, misbehaviour: Misbehaviour, of: &[&'static str]) -> Self {
        let other = OtherHost::default();
        let (listener, elsewhere) = runtime.block_on(async {
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap())
        });
        let schema = Schema::connect();
        let service = Service::new(schema, &Config { resources: 1, ..Config::default() });
        let instance = service.instance_name();
        let list = schema.operation_named("ListContactFlows").unwrap();
        let list = encode_request(schema, list, &json!({ "InstanceId": instance })).unwrap();
        let listed: Value = serde_json::from_slice(&service.handle(&list).body).unwrap();
        let flow = listed["ContactFlowSummaryList"][0]["Id"].as_str().unwrap().to_owned();
        let state = Arc::new(State {
            service,
            router: Router::new(schema),
            misbehaviour,
            of: of.to_vec(),
            address: listener.local_addr().unwrap(),
            other: elsewhere.local_addr().unwrap(),
            large: large(misbehaviour),
            met: AtomicUsize::new(0),
            flow,
        });
        let url = format!("http://{}", state.address);
        runtime.spawn(accept(listener, Arc::clone(&state)));
        runtime.spawn(record(elsewhere, other.clone()));
        Self { url, instance, other, state }
    }

    /// Number of requests that met the misbehaviour.
    pub(crate) fn met(&self) -> usize {
        self.state.met.load(Ordering::Relaxed)
    }
}

async fn record(listener: TcpListener, other: OtherHost) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (head, _) = read_head(&mut stream, Vec::new()).await.unwrap_or_default();
        other.0.lock().unwrap().push(head);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let _ = state.converse(stream).await;
        });
    }
}

/// A head with its empty line, and the bytes after it; none at the end of the connection.
async fn read_head(stream: &mut TcpStream, mut bytes: Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            return Some((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

async fn read_request(stream: &mut TcpStream, before: &mut Vec<u8>) -> Option<HttpRequest> {
    let (head, mut body) = read_head(stream, std::mem::take(before)).await?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, uri) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = Headers(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
    let length: usize = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    *before = body.split_off(length);
    Some(HttpRequest { method, uri, headers, body })
}

/// Status line and headers, with the length of the body if there is one.
fn head(response: &HttpResponse, length: Option<usize>) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {} X\r\n", response.status);
    for (name, value) in &response.headers.0 {
        text += &format!("{name}: {value}\r\n");
    }
    if let Some(length) = length {
        text += &format!("content-length: {length}\r\n");
    }
    (text + "\r\n").into_bytes()
}

fn whole(response: &HttpResponse) -> Vec<u8> {
    [head(response, Some(response.body.len())), response.body.clone()].concat()
}

/// The large body of a misbehaviour, built once.
fn large(misbehaviour: Misbehaviour) -> Vec<u8> {
    const ALMOST: usize = 2_000_000;
    match misbehaviour {
        Misbehaviour::GzipBomb => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            (0..400).for_each(|_| gzip.write_all(&vec![b' '; 1 << 20]).unwrap());
            gzip.finish().unwrap()
        }
        Misbehaviour::LargeJson => format!("{{\"NextToken\":\"{}\"}}", "x".repeat(ALMOST)).into_bytes(),
        Misbehaviour::ManyValues => format!("{{\"X\":[{}[]]}}", "[],".repeat(ALMOST / 3)).into_bytes(),
        Misbehaviour::DeepJson => format!("{{\"X\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes(),
        Misbehaviour::LongKeys => {
            let members: Vec<String> = (0..15_000).map(|at| format!("\"Unknown{at:050}\":1")).collect();
            let long = "k".repeat(1 << 19);
            format!("{{\"{long}\":{{\"x\":0}},{}}}", members.join(",")).into_bytes()
        }
        _ => Vec::new(),
    }
}

impl State {
    async fn converse(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut before = Vec::new();
        while let Some(request) = read_request(&mut stream, &mut before).await {
            let route = self.router.route(&request.method, &request.uri).ok();
            let name = route.map(|route| Schema::connect()[route.operation].name.as_str());
            let meets = name.is_some_and(|name| self.of.is_empty() || self.of.contains(&name));
            if !meets {
                stream.write_all(&whole(&self.service.handle(&request))).await?;
                continue;
            }
            let number = self.met.fetch_add(1, Ordering::Relaxed);
            if !self.misbehave(&mut stream, request, number).await? {
                break;
            }
        }
        Ok(())
    }

    /// Misbehaves for one request. Returns true if the connection stays open.
    async fn misbehave(&self, stream: &mut TcpStream, request: HttpRequest, number: usize) -> std::io::Result<bool> {
        use Misbehaviour as M;
        let usual = [("content-type", "application/json"), ("x-amzn-requestid", "hostile")];
        let with = |status: u16, more: &[(&str, &str)], body: &[u8]| {
            let headers = usual.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            HttpResponse { status, headers: Headers(headers.collect()), body: body.to_vec() }
        };
        match self.misbehaviour {
            M::Healthy => stream.write_all(&whole(&self.service.handle(&request))).await?,
            M::GoesAway if number < 60 => stream.write_all(&whole(&self.service.handle(&request))).await?,
            M::GoesAway => stream.write_all(b"HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n").await?,
            M::NeverAnswers => std::future::pending().await,
            M::Drips => {
                stream.write_all(&head(&with(200, &[], b""), Some(1_000_000))).await?;
                loop {
                    stream.write_all(b" ").await?;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            M::ContinuesForEver => loop {
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
                tokio::time::sleep(Duration::from_millis(1)).await;
            },
            M::LongMember => {
                let mut response = self.service.handle(&request);
                if response.status == 200 && response.body.starts_with(b"{") {
                    let mut body: Value = serde_json::from_slice(&response.body).unwrap();
                    body["Unknown"] = "x".repeat(1_000_000).into();
                    response.body = body.to_string().into_bytes();
                }
                stream.write_all(&whole(&response)).await?;
            }
            M::Resets => {
                stream.set_zero_linger()?;
                return Ok(false);
            }
            M::ClosesHalfWay => {
                let response = self.service.handle(&request);
                let whole = whole(&response);
                stream.write_all(&whole[..whole.len() - response.body.len().div_ceil(2)]).await?;
                return Ok(false);
            }
            M::TenGigabytes => {
                stream.write_all(&head(&with(200, &[], b""), Some(10_000_000_000))).await?;
                loop {
                    stream.write_all(&[b' '; 64 << 10]).await?;
                }
            }
            M::ChunksForEver => {
                stream.write_all(&head(&with(200, &[("transfer-encoding", "chunked")], b""), None)).await?;
                let chunk = [b"10000\r\n".to_vec(), vec![b' '; 64 << 10], b"\r\n".to_vec()].concat();
                loop {
                    stream.write_all(&chunk).await?;
                }
            }
            M::GzipBomb => {
                stream.write_all(&whole(&with(200, &[("content-encoding", "gzip")], &self.large))).await?;
            }
            M::RedirectsInACircle => {
                let location = format!("http://{}{}", self.address, request.uri);
                stream.write_all(&whole(&with(302, &[("location", &location)], b""))).await?;
            }
            M::RedirectsElsewhere => {
                let location = format!("http://{}/elsewhere", self.other);
                stream.write_all(&whole(&with(307, &[("location", &location)], b""))).await?;
            }
            M::Html => {
                let mut page = with(200, &[], b"<!DOCTYPE html><html><body>It works!</body></html>");
                page.headers.set("content-type", "text/html");
                stream.write_all(&whole(&page)).await?;
            }
            M::InvalidUtf8 => stream.write_all(&whole(&with(200, &[], b"{\"NextToken\":\"\xff\xfe\"}"))).await?,
            M::DuplicateKey => {
                let mut response = self.service.handle(&request);
                if response.status == 200 {
                    response.body.splice(..1, *b"{\"ContactFlowSummaryList\":[],");
                }
                stream.write_all(&whole(&response)).await?;
            }
            M::DeepJson | M::ManyValues | M::LargeJson | M::LongKeys => {
                stream.write_all(&whole(&with(200, &[], &self.large))).await?;
            }
            M::PromisesTooMuch | M::PromisesTooMuchAndHolds => {
                let response = self.service.handle(&request);
                let promised = response.body.len() + 10;
                stream.write_all(&[head(&response, Some(promised)), response.body].concat()).await?;
                if matches!(self.misbehaviour, M::PromisesTooMuchAndHolds) {
                    std::future::pending::<()>().await;
                }
                return Ok(false);
            }
            M::PromisesTooLittle => {
                let response = self.service.handle(&request);
                let promised = response.body.len() / 2;
                stream.write_all(&[head(&response, Some(promised)), response.body].concat()).await?;
            }
            M::EndlessToken | M::EndlessEmptyPages => {
                let mut response = self.service.handle(&without_token(request));
                if let Ok(mut body) = serde_json::from_slice::<Value>(&response.body)
                    && response.status == 200
                {
                    body["NextToken"] = format!("token {number}").into();
                    if matches!(self.misbehaviour, M::EndlessEmptyPages) {
                        body["ContactFlowSummaryList"] = Value::Array(Vec::new());
                    }
                    response.body = body.to_string().into_bytes();
                }
                stream.write_all(&whole(&response)).await?;
            }
            M::LargeHeader => {
                stream.write_all(&whole(&with(200, &[("x-large", &"x".repeat(1 << 20))], b"{}"))).await?;
            }
            M::ManyHeaders => stream.write_all(&whole(&with(200, &[("x-one-of-many", "x"); 1000], b"{}"))).await?,
            M::AnotherAnswer => {
                let mut request = request;
                if let Some((place, _)) = request.uri.rsplit_once('/') {
                    request.uri = format!("{place}/{}", self.flow);
                }
                stream.write_all(&whole(&self.service.handle(&request))).await?;
            }
            M::ExtraAnswer => {
                let extra = with(400, &[("x-amzn-errortype", "UnrequestedException")], b"{}");
                stream.write_all(&[whole(&self.service.handle(&request)), whole(&extra)].concat()).await?;
            }
            M::FullHead => {
                let value = &*"x".repeat(700);
                stream.write_all(&whole(&with(200, &[("x-one-of-many", value); 80], b"{}"))).await?;
            }
            M::LongErrorName => {
                let name = format!("E{number}{}", "x".repeat(900_000));
                let body = json!({ "__type": name, "message": name }).to_string();
                stream.write_all(&whole(&with(400, &[], body.as_bytes()))).await?;
            }
        }
        Ok(true)
    }
}

fn without_token(mut request: HttpRequest) -> HttpRequest {
    if let Some((path, query)) = request.uri.split_once('?') {
        let kept: Vec<&str> = query.split('&').filter(|part| !part.starts_with("nextToken=")).collect();
        request.uri = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    }
    request
}
