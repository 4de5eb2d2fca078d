//! From which addresses our mail reaches others.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::{
    config::{Mail, Transport},
    dns::Dns,
};

/// Addresses, and how sure it is that they are the ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sender {
    /// The operator named them, or they are this machine's own.
    These(Vec<IpAddr>),
    /// Those at which the relay takes mail. It may hand it on from others.
    Relay {
        host: String,
        addresses: Vec<IpAddr>,
    },
    Unknown(String),
}

impl Sender {
    pub fn unknown(why: &str) -> Self {
        Sender::Unknown(why.to_owned())
    }

    pub async fn of(dns: &Dns, mail: &Mail, named: &[IpAddr]) -> Self {
        if !named.is_empty() {
            return Sender::These(named.to_vec());
        }
        let relay = match &mail.transport {
            Transport::Smtp(relay) => Some(relay),
            Transport::Direct(_) => None,
            Transport::Folder(_) => return Sender::unknown("mail is written into a folder"),
        };
        if let Some(relay) = relay.filter(|relay| !is_here(&relay.host)) {
            return match dns.addresses(&relay.host).await {
                Ok(addresses) => Sender::Relay { host: relay.host.clone(), addresses },
                Err(error) => Sender::Unknown(error.to_string()),
            };
        }
        let own: Vec<IpAddr> = own_addresses().into_iter().filter(|address| is_public(*address)).collect();
        if own.is_empty() {
            Sender::unknown("this machine has a private address: others see another one")
        } else {
            Sender::These(own)
        }
    }

    pub fn addresses(&self) -> &[IpAddr] {
        match self {
            Sender::These(addresses) | Sender::Relay { addresses, .. } => addresses,
            Sender::Unknown(_) => &[],
        }
    }
}

pub(super) fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// With which address this machine would speak to the Internet. Nothing is sent: these networks are for documentation.
fn own_addresses() -> Vec<IpAddr> {
    let towards = |from: &str, to: &str| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        socket.local_addr().ok().map(|address: SocketAddr| address.ip())
    };
    [towards("0.0.0.0:0", "192.0.2.1:25"), towards("[::]:0", "[2001:db8::1]:25")].into_iter().flatten().collect()
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let shared = four.octets()[0] == 100 && (64..128).contains(&four.octets()[1]);
            !(four.is_private()
                || four.is_loopback()
                || four.is_link_local()
                || four.is_unspecified()
                || four.is_documentation()
                || shared)
        }
        IpAddr::V6(six) => (six.segments()[0] & 0xe000) == 0x2000,
    }
}
