//! Pages in the shape that common French sites give them; what they say is made up.

use proptest::prelude::*;

use super::*;
use crate::model::{SectionId, SourceId};

fn read(html: &str) -> Result<Article, Problem> {
    with_summary(html, "")
}

fn with_summary(html: &str, summary: &str) -> Result<Article, Problem> {
    let url = Url::parse("https://www.exemple.fr/actus/hameconnage").unwrap();
    let source =
        Source::feed(SourceId::parse("essai").unwrap(), "Essai", url.clone(), SectionId::parse("tic").unwrap());
    let content_type = Some(String::from("text/html; charset=utf-8"));
    article(&Page { url, content_type, body: html.as_bytes().to_vec(), reserved: false }, &source, summary)
}

/// What each of the pages below is about, and all of what they may yield.
const PARAGRAPHS: [&str; 4] = [
    "Une campagne d’hameçonnage vise depuis lundi les boîtes de messagerie des mairies du département, en se faisant passer pour le Trésor public.",
    "Les courriels reçus portent l’objet « Régularisation de la taxe foncière » et renvoient vers une page qui imite le portail de gestion des communes, où un mot de passe est demandé.",
    "Trois communes ont signalé l’usage de leurs comptes pour relayer ces messages ; le préfet a saisi la gendarmerie, et le centre de réponse régional a publié des indicateurs.",
    "Il est recommandé de changer les mots de passe des comptes touchés, d’activer la double authentification et de prévenir les agents par un autre canal que la messagerie.",
];

fn body() -> String {
    PARAGRAPHS.map(|paragraph| format!("<p>{paragraph}</p>\n")).concat()
}

fn is_clean(html: &str) -> Article {
    let found = read(html).unwrap();
    assert_eq!(found.text, PARAGRAPHS.join("\n"), "{html}");
    found
}

#[test]
fn a_page_of_wordpress() {
    let html = format!(
        r#"<!doctype html><html lang="fr-FR"><head><title>Hameçonnage : les mairies visées - La Gazette d’Exemple</title>
<meta property="og:title" content="Hameçonnage : les mairies visées"><meta property="article:published_time" content="2026-03-10T08:15:00+01:00">
<script type="application/ld+json">{{"@context":"https://schema.org","@type":"NewsArticle","headline":"Hameçonnage : les mairies visées","datePublished":"2026-03-10T08:15:00+01:00"}}</script></head>
<body class="post-template-default single category-action-sociale has-social">
<header id="masthead"><nav class="main-navigation"><ul><li><a href="/">Accueil</a></li><li><a href="/actus">Actualités</a></li></ul></nav></header>
<div id="content"><main><article class="post type-post category-social">
<header class="entry-header"><h1 class="entry-title">Hameçonnage : les mairies visées</h1></header>
<div class="entry-content">{}<p>Lire aussi : <a href="/autre">Un rançongiciel bloque l’état civil de Bourg</a></p>{}
<div class="sharedaddy sd-sharing-enabled"><h3 class="sd-title">Partager :</h3><ul><li><a href="https://facebook.com/x">Cliquez pour partager sur Facebook(ouvre dans une nouvelle fenêtre)</a></li></ul></div>
<h3>Sur le même sujet</h3><ul><li><a href="/a">Les communes face aux attaques</a></li><li><a href="/b">Un budget pour la cybersécurité</a></li></ul>
</div></article></main>
<aside class="widget-area"><h2>Les plus lus</h2><ul><li><a href="/c">Le maire et la fibre</a></li></ul></aside>
<div id="comments"><h2>2 commentaires</h2><p>Merci pour cet article, nous avons reçu le même message hier, à la première heure.</p></div></div>
<footer><p>© La Gazette d’Exemple, tous droits réservés</p></footer>
<div id="cookie-notice"><p>Nous utilisons des cookies pour vous garantir la meilleure expérience sur notre site.</p><button>Accepter</button></div></body></html>"#,
        PARAGRAPHS[..2].iter().map(|p| format!("<p>{p}</p>")).collect::<String>(),
        PARAGRAPHS[2..].iter().map(|p| format!("<p>{p}</p>")).collect::<String>(),
    );
    let found = is_clean(&html);
    assert_eq!(found.title, "Hameçonnage : les mairies visées");
    assert_eq!(found.language.as_deref(), Some("fr-FR"));
    assert_eq!(found.published.map(|date| date.at.to_string()).as_deref(), Some("2026-03-10T07:15:00Z"));
    assert_eq!((found.access, found.reserved), (Access::Open, Reservation::No));
}

#[test]
fn a_page_of_spip() {
    let html = format!(
        r#"<html lang="fr" dir="ltr"><head><title>Hameçonnage : les mairies visées - Préfecture d’Exemple</title><meta name="generator" content="SPIP 4.2"></head>
<body class="page_article"><div id="page"><div id="entete"><a href="/">Préfecture d’Exemple</a></div>
<div id="nav"><ul><li><a href="/r1">Actualités</a></li><li><a href="/r2">Démarches</a></li></ul></div>
<div id="conteneur"><div id="contenu"><p id="hierarchie" class="arbo"><a href="/">Accueil</a> &gt; <a href="/r1">Actualités</a> &gt; Hameçonnage</p>
<div class="cartouche"><h1 class="crayon article-titre-12">Hameçonnage : les mairies visées</h1>
<p class="info-publi">mardi <abbr class="published" title="2026-03-10T08:15:00Z">10 mars 2026</abbr></p></div>
<div class="crayon article-texte-12 texte">{}</div>
<div class="liste documents"><h2>Documents joints</h2></div>
<a href="\#forum" class="repondre">Répondre à cet article</a>
<ul class="partage"><li>Partager sur Twitter</li><li>Partager sur Facebook</li></ul></div></div>
<div id="pied"><small>2010-2026 © Préfecture d’Exemple</small> | <a href="/plan">Plan du site</a> | <a href="/login">Se connecter</a></div></div></body></html>"#,
        body()
    );
    assert_eq!(is_clean(&html).title, "Hameçonnage : les mairies visées");
}

#[test]
fn a_page_of_drupal() {
    let html = format!(
        r#"<!DOCTYPE html><html lang="fr"><head><title>Hameçonnage : les mairies visées | Département d’Exemple</title></head>
<body><a href="\#main-content" class="visually-hidden focusable skip-link">Aller au contenu principal</a>
<div class="dialog-off-canvas-main-canvas" data-off-canvas-main-canvas><div class="layout-container">
<div class="region region-breadcrumb"><div class="breadcrumb"><ol><li><a href="/">Accueil</a></li><li>Actualités</li></ol></div></div>
<main role="main"><div class="layout-content"><div class="region region-content">
<article class="node node--type-actualite node--view-mode-full"><h1>Hameçonnage : les mairies visées</h1>
<div class="node__meta">Publié le <time datetime="2026-03-10T09:15:00+01:00">10 mars 2026</time></div>
<div class="node__content"><div class="clearfix text-formatted field field--name-body field--type-text-with-summary field__item">{}</div>
<div class="field field--name-field-partage"><span>Partager la page</span><a href="mailto:?x">Envoyer par courriel</a></div></div></article>
<div class="views-element-container block"><h2>À lire aussi</h2><div class="view-content"><div class="views-row"><a href="/x">La fibre dans les bourgs</a></div><div class="views-row"><a href="/y">Le budget du département</a></div></div></div>
</div></div></main></div></div></body></html>"#,
        body()
    );
    let found = is_clean(&html);
    assert_eq!(found.published.map(|date| date.at.to_string()).as_deref(), Some("2026-03-10T08:15:00Z"));
}

#[test]
fn a_page_in_the_design_system_of_the_state() {
    let html = format!(
        r#"<!doctype html><html lang="fr" data-fr-scheme="system"><head><title>Hameçonnage : les mairies visées | info.exemple.gouv.fr</title>
<meta name="tdm-reservation" content="1"><meta name="date" content="2026-03-10"></head>
<body><div class="fr-skiplinks"><nav><ul class="fr-skiplinks__list"><li><a class="fr-link" href="\#content">Contenu</a></li></ul></nav></div>
<header role="banner" class="fr-header"><p class="fr-logo">République Française</p></header>
<main id="content"><div class="fr-container"><nav role="navigation" class="fr-breadcrumb"><ol><li><a href="/">Accueil</a></li></ol></nav>
<div class="fr-grid-row"><div class="fr-col-8"><h1>Hameçonnage : les mairies visées</h1><p class="fr-text--lead">{}</p>
<div class="fr-share"><p class="fr-share__title">Partager la page</p><ul class="fr-btns-group"><li><a class="fr-btn--facebook">Partager sur Facebook</a></li></ul></div>
<div class="content">{}<blockquote>{}</blockquote></div>
<div class="fr-callout"><p>{}</p></div>
<div class="fr-follow"><h2>Abonnez-vous à notre lettre d’information</h2></div></div></div></div></main>
<footer class="fr-footer"><p>Sauf mention explicite de propriété intellectuelle, les contenus sont proposés sous licence etalab-2.0</p></footer></body></html>"#,
        PARAGRAPHS[0],
        format_args!("<p>{}</p>", PARAGRAPHS[1]),
        format_args!("<p>{}</p>", PARAGRAPHS[2]),
        PARAGRAPHS[3],
    );
    let found = is_clean(&html);
    assert_eq!(found.reserved, Reservation::Tdm);
    assert_eq!(found.published.map(|date| date.at.to_string()).as_deref(), Some("2026-03-10T00:00:00Z"));
}

/// A page of nothing but an article.
fn bare(title: &str, body: &str) -> String {
    format!("<html lang=fr><head><title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>")
}

#[test]
fn what_is_no_article_says_why() {
    let consent = "<p>Nous et nos partenaires utilisons des cookies et des traceurs pour mesurer l’audience de ce site.</p>\
        <p>Votre consentement est libre : vous pouvez accepter ou refuser ces cookies, et changer d’avis à tout moment.</p>\
        <p>Refuser les traceurs peut limiter certaines fonctions. Accepter les cookies permet de continuer.</p>";
    let check = "<p>Nous vérifions votre navigateur avant de vous laisser consulter ce site. Cette opération est automatique, \
        et vous serez redirigé dans quelques instants vers la page que vous avez demandée.</p>\
        <p>Veuillez activer JavaScript et recharger la page si rien ne se passe au bout de quelques secondes.</p>";
    for (html, cause) in [
        (bare("Page introuvable", &body()), "an error page (« Page introuvable »)"),
        (bare("Erreur 404", "<p>Perdu ?</p>"), "an error page"),
        (bare("Accès refusé", "<p>La page n’est pas disponible.</p>"), "refuses the page"),
        (bare("Un instant…", "<p>Vérification de votre navigateur.</p>"), "anti-robot check"),
        (bare("Préfecture d’Exemple", check), "anti-robot check"),
        (bare("La Gazette", consent), "consent to cookies"),
        (bare("Hameçonnage", "<p>Une campagne vise les mairies du département.</p>"), "characters of text"),
        (bare("Hameçonnage", "<p>Cet article est réservé aux abonnés.</p>"), "for subscribers only"),
        (String::from("<div id=app></div><noscript>Activez JavaScript</noscript>"), "anti-robot check"),
        (String::new(), "no article"),
        ("<p>mot".repeat(40_000), "more elements"),
        ("mot ".repeat(3 << 20), "larger than 10 MiB"),
    ] {
        let problem = read(&html).unwrap_err();
        assert!(problem.kind == ProblemKind::Text && problem.message.contains(cause), "{cause}: {problem}");
    }
}

#[test]
fn a_page_gives_at_least_what_is_known_already() {
    let html = bare("Hameçonnage", &body());
    assert!(with_summary(&html, PARAGRAPHS[0]).is_ok());
    let problem = with_summary(&html, &body().repeat(2)).unwrap_err();
    assert!(problem.message.contains("less text"), "{problem}");
}

#[test]
fn an_article_for_subscribers_is_kept_as_far_as_it_goes() {
    let stated = r#"<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":"False"}</script>"#;
    for notice in ["<p>Cet article est réservé aux abonnés.</p>", stated] {
        let found = read(&bare("Hameçonnage : alerte aux mairies", &format!("{}{notice}", body()))).unwrap();
        assert_eq!(found.access, Access::Subscribers);
        assert_eq!(found.text, PARAGRAPHS.join("\n"));
    }
}

#[test]
fn words_of_walls_and_errors_may_be_the_subject() {
    let subject = "<p>La page « introuvable » du site servait à collecter des cookies sans consentement, et un captcha défaillant laissait passer les robots.</p>";
    let found =
        read(&bare("Accès refusé aux comptes de la mairie : le récit", &format!("{subject}{}", body().repeat(6))))
            .unwrap();
    assert!(found.text.contains("captcha"));
}

#[test]
fn links_are_absolute_and_nothing_runs() {
    let html = bare(
        "Hameçonnage",
        &format!(
            "{}<p onclick=x>Voir <a href='../avis/1'>l’avis</a><script>x</script>, et la suite des faits.</p>",
            body()
        ),
    );
    let content = read(&html).unwrap().content;
    assert!(content.contains(r#"<a href="https://www.exemple.fr/avis/1""#), "{content}");
    assert!(!content.contains("onclick") && !content.contains("script"), "{content}");
}

proptest! {
    #[test]
    fn any_page_is_accepted(html in "(<|>|/|p|div|a|li| |=|'|é|À lire aussi|class=share|<p>|<ul>|</div>|<table>|mot ){0,40}") {
        let _ = read(&html);
    }
}

#[test]
fn no_page_keeps_a_parser_busy() {
    let open = "<b><b><b><i><i><i><em><em><em><u><u><u><s><s><s><code><code><code>";
    for html in [
        "<div>".repeat(200_000),
        format!("<a {}>x", (0..100_000).map(|at| format!(" a{at}")).collect::<String>()),
        format!("<p title=\">\" {}>x", (0..100_000).map(|at| format!(" a{at}=\"><a b=\"")).collect::<String>()),
        format!("{open}{}", "<p>x".repeat(3_000)),
        "<a href=/x><table><tr><td>".repeat(2_000),
        "<h2>À lire aussi</h2><ul><li>x</li></ul>".repeat(2_000),
        format!("{}{}", "<div class=share>".repeat(255), "<span>mot</span>".repeat(2_000)),
        "<svg><title><button><noscript>".repeat(50_000),
        "<!--<!-->".repeat(100_000),
        "<script type='application/ld+json'>{".repeat(10_000),
    ] {
        let _ = read(&html);
    }
}
