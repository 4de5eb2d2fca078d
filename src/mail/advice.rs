//! What a reply means, in French, and what to do about it: for the reader, whose town hall can change its filter, and for
//! who runs Vigie. Pure.

mod cause;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::{
    config::{Keeps, Operator},
    model::{DeliveryState, SmtpReply},
    text::french,
};

pub use cause::{About, Cause, cause};

/// A reply, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    pub cause: Cause,
    /// « boîte pleine : … »: one sentence without a capital and without a stop.
    pub meaning: String,
    /// What the reader can do, or ask for; empty when there is nothing to do.
    pub reader: String,
    /// What who runs Vigie can do; empty when there is nothing to do.
    pub keeper: String,
}

/// Explains what a try came to. `sender` is the address that writes.
pub fn advise(reply: &SmtpReply, tried: DeliveryState, operator: &Operator, sender: &str) -> Advice {
    let cause = cause(reply, tried, operator);
    let words = Words { operator, sender };
    let (meaning, reader, keeper) = words.of(cause);
    Advice { cause, meaning: french(&meaning), reader: french(&reader), keeper: french(&keeper) }
}

struct Words<'a> {
    operator: &'a Operator,
    sender: &'a str,
}

impl Words<'_> {
    fn of(&self, cause: Cause) -> (String, String, String) {
        let name = self.name();
        let by = self.by();
        let nothing = String::new;
        let say = |meaning: &str| meaning.to_owned();
        match cause {
            Cause::Sent => (
                format!("remis : {name} a accepté le message et en répond"),
                format!(
                    "S’il n’est pas dans la boîte de réception, regardez dans les indésirables et dans la quarantaine, puis {}.",
                    self.ask_to_allow()
                ),
                nothing(),
            ),
            Cause::Ambiguous => (
                say("peut-être reçu, peut-être deux fois : la connexion s’est rompue avant la réponse du serveur"),
                say("Si le bulletin est arrivé deux fois, gardez-en un : il n’y a rien d’autre à faire."),
                nothing(),
            ),
            Cause::Cancelled => (
                say(
                    "pas envoyé : l’abonnement a pris fin, l’adresse a été mise de côté, ou l’alerte a été retirée, avant l’envoi",
                ),
                nothing(),
                nothing(),
            ),
            Cause::Greylist => (
                format!("liste grise : {name} demande à tout nouvel expéditeur de revenir quelques minutes plus tard"),
                say("Rien à faire : Vigie revient d’elle-même."),
                nothing(),
            ),
            Cause::Challenge => (
                format!("retenu par {name}, qui attend que l’expéditeur confirme être une personne"),
                self.allow(),
                say(
                    "Vigie ne répond pas à ces demandes : seul le destinataire, ou son service informatique, peut autoriser l’adresse.",
                ),
            ),
            Cause::TooFast => (
                format!("trop de messages ou de connexions à la fois, dit {name}"),
                say("Rien à faire : Vigie ralentit et revient d’elle-même."),
                format!(
                    "Si cela dure, baissez `connections` ou `rate` de « {} » dans le fichier que nomme `[mail] operators`.{}",
                    self.operator.id,
                    self.page()
                ),
            ),
            Cause::Deferred => (
                format!(
                    "remis à plus tard {by}, qui ne dit pas toujours pourquoi : charge, ou méfiance envers l’expéditeur"
                ),
                say("Rien à faire : Vigie revient d’elle-même."),
                format!("Si cela touche beaucoup de lecteurs (`vigie weather`), cherchez-en la cause.{}", self.page()),
            ),
            Cause::Busy => (
                format!("panne passagère : {name} ne prend pas de courrier pour l’instant"),
                say("Rien à faire : Vigie revient d’elle-même."),
                nothing(),
            ),
            Cause::ReaderBusy => (
                say("cette boîte reçoit trop de messages en ce moment"),
                say("Rien à faire : Vigie revient d’elle-même."),
                nothing(),
            ),
            Cause::Full => (
                say("boîte pleine : elle ne peut plus rien recevoir"),
                say(
                    "Faites de la place dans la boîte (la corbeille et les indésirables comptent), ou demandez plus de place à votre service informatique.",
                ),
                nothing(),
            ),
            Cause::Unknown => (
                say("adresse inconnue : cette boîte n’existe pas, ou plus"),
                say("Vérifiez l’orthographe de l’adresse, et donnez la bonne à qui vous envoie le bulletin."),
                say("Demandez la bonne adresse à la collectivité : Vigie n’écrit plus à l’ancienne."),
            ),
            Cause::Disabled => (
                say("boîte fermée : elle existe, mais elle est désactivée, archivée ou inutilisée depuis longtemps"),
                say("Demandez à votre service informatique de la rouvrir, ou donnez une autre adresse."),
                nothing(),
            ),
            Cause::NoDomain => (
                say("domaine inexistant : ce qui suit le « @ » n’existe pas, ou ne reçoit pas de courrier"),
                say(
                    "Vérifiez l’orthographe de l’adresse. Si elle est juste, signalez-le à votre service informatique : plus aucun courrier n’arrive.",
                ),
                nothing(),
            ),
            Cause::Unreachable => (
                format!("serveur injoignable : {name} ne répond pas, ou la connexion s’est rompue avant la fin"),
                say(
                    "Rien à faire si c’est bref : Vigie revient d’elle-même. Si cela dure, prévenez votre service informatique.",
                ),
                say(
                    "Si tous les serveurs sont injoignables, regardez le réseau et le pare-feu (port 25) de cette machine.",
                ),
            ),
            Cause::Tls => (
                format!(
                    "connexion chiffrée impossible avec {name} : certificat périmé ou inconnu, ou chiffrement trop ancien"
                ),
                say("Prévenez votre service informatique : le certificat de votre serveur de courrier est à vérifier."),
                say("Vérifiez les certificats de cette machine et les réglages `security` et `host` de `[mail.smtp]`."),
            ),
            Cause::Authentication => (
                format!("refusé {by} : l’authentification de l’expéditeur (SPF, DKIM, DMARC) manque ou échoue"),
                say("Rien à faire de votre côté : c’est à l’expéditeur de corriger."),
                format!("Lancez `vigie doctor` : il dit quel enregistrement DNS publier ou corriger.{}", self.page()),
            ),
            Cause::Reverse => (
                format!(
                    "refusé {by} : l’adresse IP qui envoie n’a pas de nom (DNS inverse, PTR), ou un nom qui ne lui correspond pas"
                ),
                say("Rien à faire de votre côté : c’est à l’expéditeur de corriger."),
                say("Lancez `vigie doctor`, et demandez à l’hébergeur de la machine le nom inverse qu’il indique."),
            ),
            Cause::Reputation => (
                format!(
                    "refusé {by} : l’adresse IP ou le domaine de l’expéditeur est sur une liste noire, ou a mauvaise réputation"
                ),
                self.allow(),
                format!(
                    "Vérifiez l’adresse IP sur les listes que nomme la réponse, et demandez-en le retrait.{}",
                    self.page()
                ),
            ),
            Cause::Spam => (
                format!("pris pour du courrier indésirable {by}"),
                self.allow(),
                format!(
                    "Faites noter une édition par un filtre (SpamAssassin, rspamd), et vérifiez la signature par `vigie doctor`.{}",
                    self.page()
                ),
            ),
            Cause::Virus => (
                format!(
                    "refusé {by}, qui croit y voir un virus : c’est le plus souvent l’adresse d’un site cité dans le bulletin"
                ),
                self.allow(),
                say("Regardez quels liens porte l’édition : l’un d’eux est sans doute sur une liste noire."),
            ),
            Cause::Blocked => {
                (format!("refusé {by}, par une règle de filtrage"), self.allow(), self.page().trim().to_owned())
            }
            Cause::Relay => (
                format!("refusé {by}, qui ne s’occupe pas du courrier de ce domaine"),
                say(
                    "Signalez-le à votre service informatique : l’enregistrement MX de votre domaine, ou le serveur qu’il nomme, est mal réglé.",
                ),
                say(
                    "Si cela touche tous les lecteurs, le relais de `[mail.smtp]` demande un compte : `user` et `password_file`.",
                ),
            ),
            Cause::Login => (
                say("le relais demande un compte, ou refuse celui qu’on lui donne"),
                nothing(),
                say("Vérifiez `user` et `password_file` de `[mail.smtp]`, et le port : 465 ou 587."),
            ),
            Cause::Sender => (
                format!("l’adresse de l’expéditeur est refusée {by}"),
                say("Rien à faire de votre côté : c’est à l’expéditeur de corriger."),
                format!(
                    "Le domaine de {} doit exister dans le DNS et recevoir du courrier : lancez `vigie doctor`.",
                    self.sender
                ),
            ),
            Cause::TooBig => (
                format!("message trop gros pour {name}"),
                say("Lisez l’édition sur le site en attendant."),
                say(
                    "Signalez-le : une édition de Vigie reste sous 102 ko, et un serveur en accepte d’ordinaire cent fois plus.",
                ),
            ),
            Cause::Malformed => (
                format!("{name} n’a pas compris le message ou la commande"),
                nothing(),
                say("C’est un défaut de Vigie ou du serveur : gardez la réponse, et signalez-la."),
            ),
            Cause::Loop => (
                say("le courrier tourne en rond : deux serveurs se le renvoient"),
                say("Signalez-le à votre service informatique : une redirection de votre domaine boucle."),
                nothing(),
            ),
            Cause::Unclear => (
                format!("refusé {by}, sans raison précise"),
                format!("Transmettez la réponse ci-dessus à votre service informatique, et {}.", self.ask_to_allow()),
                nothing(),
            ),
        }
    }

    /// Who answered, without what stands in parentheses.
    fn name(&self) -> String {
        let name = self.operator.name.split(" (").next().unwrap_or_default();
        match name {
            "" => String::from("le serveur"),
            address if address.parse::<std::net::IpAddr>().is_ok() => format!("le serveur {address}"),
            // Nobody knows it by more than its domain.
            domain if *domain == self.operator.id && domain.contains('.') => {
                format!("le serveur {}", preceded("de", domain))
            }
            name => name.to_owned(),
        }
    }

    fn by(&self) -> String {
        format!("par {}", self.name())
    }

    fn with(&self, word: &str) -> String {
        preceded(word, &self.name())
    }

    fn allow(&self) -> String {
        let mut ask = self.ask_to_allow();
        if let Some(first) = ask.get(..1).map(str::to_uppercase) {
            ask.replace_range(..1, &first);
        }
        format!("{ask}.")
    }

    fn ask_to_allow(&self) -> String {
        let sender = self.sender;
        match self.operator.kind {
            Keeps::Public => format!(
                "ajoutez {sender} à vos contacts et aux expéditeurs autorisés de votre messagerie {}",
                self.name()
            ),
            Keeps::Filter => format!(
                "demandez à votre service informatique d’ajouter {sender} à la liste des expéditeurs autorisés {}",
                self.with("de")
            ),
            Keeps::Hosting => {
                format!("demandez à votre service informatique d’ajouter {sender} à la liste des expéditeurs autorisés")
            }
        }
    }

    /// Where the operator says what it wants of senders.
    fn page(&self) -> String {
        match &self.operator.postmaster {
            Some(page) => format!(" Ce {} demande aux expéditeurs : {page}", self.with("que")),
            None => String::new(),
        }
    }
}

/// A small word before a name: « d’Orange », « de Free ».
fn preceded(word: &str, name: &str) -> String {
    match name.chars().next().is_some_and(|c| "aeiouyéèAEIOUYÉÈ".contains(c)) {
        true => format!("{}’{name}", word.trim_end_matches('e')),
        false => format!("{word} {name}"),
    }
}
