use super::*;

fn reply(code: u16, enhanced: &str, text: &str) -> SmtpReply {
    SmtpReply { code, enhanced: (!enhanced.is_empty()).then(|| enhanced.to_owned()), text: text.to_owned() }
}

#[test]
fn a_reply_is_read_by_its_enhanced_code_then_its_words_then_its_basic_code() {
    use Blame::*;
    use ReplyClass::*;
    let table = [
        (250, "2.0.0", "Ok: queued as 4F1", Sent),
        (250, "", "OK", Sent),
        (0, "", "RCPT: no answer within 60 s", Retry),
        (421, "4.7.0", "Trop de connexions", Retry),
        (450, "4.2.0", "Greylisted", Retry),
        (452, "4.2.2", "Over quota", Retry),
        (451, "", "Local error", Retry),
        (550, "5.1.1", "User unknown", Failed(Person)),
        (550, "5.1.10", "Recipient not found", Failed(Person)),
        (550, "5.2.1", "Mailbox disabled", Failed(Person)),
        (552, "5.2.2", "Mailbox full", Failed(Person)),
        (
            550,
            "5.7.515",
            "Access denied, sending domain does not meet the required authentication level",
            Failed(Policy),
        ),
        (550, "5.7.26", "Unauthenticated sender", Failed(Policy)),
        (554, "5.7.1", "Message rejected as spam: user unknown", Failed(Policy)),
        (552, "5.3.4", "Message size exceeds fixed limit", Failed(Ours)),
        (550, "5.6.0", "Bad message", Failed(Ours)),
        (553, "5.1.8", "Sender address rejected: Domain not found", Failed(Ours)),
        (550, "5.4.1", "Recipient address rejected: Access denied", Failed(Unclear)),
        (550, "", "No such user here", Failed(Person)),
        (550, "", "Mailbox unavailable: your IP address is listed", Failed(Policy)),
        (550, "5.0.0", "User unknown in virtual table", Failed(Person)),
        (552, "", "Message size limit exceeded", Failed(Ours)),
        (554, "", "Transaction failed", Failed(Unclear)),
        // Contradictions are taken as passing.
        (554, "4.7.1", "Try again later", Retry),
        (450, "5.1.1", "Unverified address", Retry),
        // A code of another form is no code.
        (550, "5.1", "No such user", Failed(Person)),
    ];
    for (code, enhanced, text, class) in table {
        assert_eq!(classify(&reply(code, enhanced, text)), class, "{code} {enhanced} {text}");
    }
}

#[test]
fn tries_come_further_apart_and_end_within_two_days() {
    for seed in [0, 1, 42, u64::MAX] {
        let mut total = 0.0;
        let nominal = [5.0, 15.0, 30.0, 60.0, 120.0, 240.0, 360.0, 360.0, 360.0, 360.0, 360.0, 360.0];
        for (attempts, minutes) in (1..).zip(nominal) {
            let delay = retry_delay(attempts, seed).expect("within two days").as_secs_f64() / 60.0;
            assert!((minutes * 0.8..=minutes * 1.2).contains(&delay), "{attempts}: {delay}");
            total += minutes;
        }
        assert!(total <= 48.0 * 60.0);
        assert_eq!(retry_delay(13, seed), None);
        assert_eq!(retry_delay(u32::MAX, seed), None);
        assert_eq!(retry_delay(3, seed), retry_delay(3, seed));
    }
}

#[test]
fn a_refused_batch_does_not_come_back_as_one() {
    let delays: std::collections::BTreeSet<_> = (0..100).map(|seed| retry_delay(1, seed)).collect();
    assert!(delays.len() > 50, "{} different delays", delays.len());
}
