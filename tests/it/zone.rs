//! A DNS server on loopback, over UDP and TCP, that answers from what a test puts into it.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
};

use hickory_resolver::proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME, MX, PTR, TXT},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
    task::JoinHandle,
};

/// What fits in one answer over UDP without extension (RFC 1035 4.2.1).
const DATAGRAM: usize = 512;

pub struct Zone {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    records: BTreeMap<String, Vec<RData>>,
    /// Names that get this instead of an answer.
    broken: BTreeMap<String, Fault>,
    /// `MX ville.fr`, as asked.
    asked: Vec<String>,
}

/// What a server does that is not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It says that it cannot tell.
    ServFail,
    /// It says nothing.
    Silent,
}

impl Zone {
    pub async fn start() -> Self {
        let (udp, tcp) = bind().await.expect("a port of loopback for UDP and TCP");
        let address = udp.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let tasks = vec![tokio::spawn(datagrams(udp, state.clone())), tokio::spawn(streams(tcp, state.clone()))];
        Self { address, state, tasks }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A resolver that asks here.
    pub fn dns(&self) -> vigie::dns::Dns {
        vigie::dns::Dns::at(self.address).expect("a resolver")
    }

    /// `mx("ville.fr", 10, "mx.ville.fr")`; the host `.` is the null MX.
    pub fn mx(&self, domain: &str, preference: u16, host: &str) -> &Self {
        self.add(domain, RData::MX(MX::new(preference, name(host))))
    }

    /// One record of these strings.
    pub fn txt(&self, of: &str, strings: &[&str]) -> &Self {
        self.add(of, RData::TXT(TXT::new(strings.iter().map(ToString::to_string).collect())))
    }

    pub fn host(&self, of: &str, address: &str) -> &Self {
        match address.parse().expect("an address") {
            IpAddr::V4(four) => self.add(of, RData::A(A(four))),
            IpAddr::V6(six) => self.add(of, RData::AAAA(AAAA(six))),
        }
    }

    pub fn ptr(&self, address: &str, of: &str) -> &Self {
        let address: IpAddr = address.parse().expect("an address");
        self.add(&Name::from(address).to_ascii(), RData::PTR(PTR(name(of))))
    }

    pub fn alias(&self, of: &str, to: &str) -> &Self {
        self.add(of, RData::CNAME(CNAME(name(to))))
    }

    pub fn breaks(&self, of: &str, fault: Fault) -> &Self {
        self.state().broken.insert(key(of), fault);
        self
    }

    /// Takes away all that is known of a name, its fault too.
    pub fn forget(&self, of: &str) -> &Self {
        self.state().records.remove(&key(of));
        self.state().broken.remove(&key(of));
        self
    }

    /// The questions so far, such as `MX ville.fr`.
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    fn add(&self, of: &str, data: RData) -> &Self {
        self.state().records.entry(key(of)).or_default().push(data);
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panicked in here")
    }
}

impl Drop for Zone {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// One port for both: another program may have the one or the other.
async fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = None;
    for _ in 0..20 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}

async fn datagrams(socket: UdpSocket, state: Arc<Mutex<State>>) {
    let mut buffer = [0; 4096];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let Some(answer) = answer(&buffer[..length], &state) else { continue };
        let mut bytes = answer.to_vec().expect("an answer");
        if bytes.len() > DATAGRAM {
            bytes = answer.truncate().to_vec().expect("an answer");
        }
        // A client that went away is no concern of the others.
        let _ = socket.send_to(&bytes, from).await;
    }
}

async fn streams(listener: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let state = state.clone();
        tokio::spawn(async move {
            while let Ok(length) = stream.read_u16().await {
                let mut question = vec![0; usize::from(length)];
                if stream.read_exact(&mut question).await.is_err() {
                    return;
                }
                let Some(answer) = answer(&question, &state) else { continue };
                let bytes = answer.to_vec().expect("an answer");
                let length = u16::try_from(bytes.len()).expect("a length");
                if stream.write_all(&[&length.to_be_bytes()[..], &bytes].concat()).await.is_err() {
                    return;
                }
            }
        });
    }
}

fn answer(question: &[u8], state: &Mutex<State>) -> Option<Message> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let (of, kind) = (query.name().clone(), query.query_type());
    let mut state = state.lock().expect("no test panicked in here");
    state.asked.push(format!("{kind} {}", key(&of.to_ascii())));
    let mut answer = Message::new(question.metadata.id, MessageType::Response, question.metadata.op_code);
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.add_query(query);
    match state.broken.get(&key(&of.to_ascii())) {
        Some(Fault::Silent) => return None,
        Some(Fault::ServFail) => {
            answer.metadata.response_code = ResponseCode::ServFail;
            return Some(answer);
        }
        None => {}
    }
    let mut at = of;
    // No test has longer chains.
    for _ in 0..4 {
        let Some(records) = state.records.get(&key(&at.to_ascii())) else {
            answer.metadata.response_code = ResponseCode::NXDomain;
            break;
        };
        let mut next = None;
        for data in records {
            if let RData::CNAME(alias) = data {
                next = Some(alias.0.clone());
            }
            if data.record_type() == kind || data.record_type() == RecordType::CNAME {
                answer.add_answer(Record::from_rdata(at.clone(), 60, data.clone()));
            }
        }
        let Some(next) = next else { break };
        at = next;
    }
    Some(answer)
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).expect("a name");
    name.set_fqdn(true);
    name
}

fn key(text: &str) -> String {
    text.trim_end_matches('.').to_ascii_lowercase()
}
