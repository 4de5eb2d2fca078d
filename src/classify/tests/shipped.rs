use super::*;

#[test]
fn words_decide_the_section_of_what_a_general_source_says() {
    let rules = Rules::embedded();
    for (title, section) in [
        ("Cyberattaque contre une commune : les services à l'arrêt", "cybersecurite"),
        ("Fibre optique : la fermeture du réseau cuivre avance", "tic"),
        ("La CNIL sanctionne une ville pour sa vidéosurveillance", "donnees-personnelles"),
        ("Statut de l'élu : les indemnités de fonction revalorisées", "elus"),
        ("Décentralisation : les préfets auront le dernier mot", "institutions"),
        ("Élections municipales : le calendrier", "elections"),
        ("Carte d'identité : les délais en mairie diminuent", "elections"),
        ("Les EPCI devront transférer la compétence", "intercommunalite"),
        ("Les conseils départementaux demandent une rallonge", "regions-departements"),
        ("Dotation globale de fonctionnement : ce qui change", "finances"),
        ("Marchés publics : les seuils relevés au 1er janvier", "commande-publique"),
        ("Décret n° 2026-12 relatif au statut particulier des attachés territoriaux", "fonction-publique"),
        ("Permis de construire : le délai d'instruction raccourci", "urbanisme"),
        ("Gens du voyage : les aires d'accueil", "habitat-logement"),
        ("Petites villes de demain : les centres-bourgs revivent", "amenagement"),
        ("Inondations : 22 communes reconnues en état de catastrophe naturelle", "environnement-risques"),
        ("Eau potable : les captages à protéger", "eau"),
        ("Éoliennes : les communes auront leur mot à dire", "energie"),
        ("Voirie : qui répare les chemins ruraux ?", "transports"),
        ("Police municipale : de nouvelles compétences", "police-securite"),
        ("Un tribunal judiciaire et ses greffiers en moins", "justice"),
        ("Rentrée scolaire : fermetures de classes", "education"),
        ("Les maires inquiets pour leurs EHPAD", "sante-social"),
        ("Cimetières : reprise des concessions funéraires", "funeraire"),
        ("Monuments historiques : des crédits pour les églises", "culture"),
        ("Piscines : les maîtres-nageurs manquent", "sports"),
        ("Mayotte : prorogation de l'état d'urgence", "outre-mer"),
        ("FEDER : la Commission européenne verse un acompte", "europe"),
        ("Chômage : les entreprises recrutent moins de salariés", "economie-emploi"),
        ("Le maire peut-il refuser ?", "elus"),
        ("Rien de tout cela", "amenagement"),
    ] {
        let shelved = classify(&rules, &source("amenagement", Nature::Actu), &titled(title));
        assert_eq!(shelved.section.as_str(), section, "{title}: {:?}", shelved.because);
    }
    let by_category =
        Draft { categories: vec!["Actualité".into(), "Finances locales".into()], ..titled("Ce qui change") };
    assert_eq!(classify(&rules, &source("amenagement", Nature::Actu), &by_category).section.as_str(), "finances");
    let by_text =
        Draft { text: "Le délai d'instruction du permis de construire change.".into(), ..titled("Du nouveau") };
    assert_eq!(classify(&rules, &source("amenagement", Nature::Actu), &by_text).section.as_str(), "urbanisme");
}

#[test]
fn severity_follows_scores_and_wording() {
    let rules = Rules::embedded();
    for (title, text, severity) in [
        ("Une faille dans un pare-feu", "Score CVSS v3.1 : 9,8.", Severity::High),
        ("Une faille dans un pare-feu (CVSS 7.5)", "", Severity::Notable),
        ("Une faille dans un pare-feu", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H (9.1)", Severity::High),
        ("Une faille dans un pare-feu", "CVSS 5.3", Severity::Info),
        ("Une faille de GLPI 9.8", "Aucun score.", Severity::Info),
        ("Une faille est activement exploitée", "", Severity::High),
        ("Une commune paralysée par un rançongiciel", "", Severity::Notable),
    ] {
        let draft = Draft { text: text.to_owned(), ..titled(title) };
        let shelved = classify(&rules, &source("cybersecurite", Nature::Actu), &draft);
        assert_eq!(shelved.severity, severity, "{title} {text}: {:?}", shelved.because);
    }
}

fn relevance(rules: &Rules, section: &str, nature: Nature, authority: Authority, title: &str) -> Relevance {
    let source = Source { authority, ..source(section, nature) };
    classify(rules, &source, &titled(title)).relevance
}

#[test]
fn of_the_journal_officiel_what_concerns_communes_is_relevant() {
    let rules = Rules::embedded();
    for (is_relevant, title) in [
        (true, "Arrêté du 3 mars 2026 portant reconnaissance de l'état de catastrophe naturelle"),
        (true, "Décret n° 2026-101 du 3 mars 2026 relatif aux indemnités de fonction des maires"),
        (true, "Décret n° 2026-102 du 3 mars 2026 modifiant le code de l'urbanisme"),
        (true, "Arrêté du 3 mars 2026 modifiant le règlement de sécurité des établissements recevant du public"),
        (true, "Arrêté du 3 mars 2026 relatif à la tenue des listes électorales"),
        (true, "Décret du 3 mars 2026 portant dissolution du conseil municipal de Valbrune"),
        (true, "Arrêté du 3 mars 2026 portant désignation du site Natura 2000 des étangs de la Lisse"),
        (true, "Loi n° 2026-103 du 3 mars 2026 visant à simplifier la commande publique"),
        (true, "Arrêté du 3 mars 2026 fixant les règles applicables aux cimetières"),
        (true, "Décret n° 2026-104 portant modification des cadres d'emplois de la fonction publique territoriale"),
        (false, "Décret du 3 mars 2026 portant nomination d'un sous-préfet"),
        (false, "Arrêté du 3 mars 2026 portant délégation de signature (direction du budget)"),
        (false, "Arrêté du 3 mars 2026 portant admission à la retraite (attachés d'administration)"),
        (false, "Décret du 3 mars 2026 portant promotion et nomination dans l'ordre national de la Légion d'honneur"),
        (false, "Arrêté du 3 mars 2026 relatif à la composition du cabinet du ministre de l'agriculture"),
        (false, "Tableau d'avancement au grade d'inspecteur principal au titre de l'année 2026"),
        (false, "Arrêté du 3 mars 2026 portant extension d'un avenant à la convention collective de la boulangerie"),
        (false, "Arrêté du 3 mars 2026 modifiant la liste des spécialités pharmaceutiques remboursables"),
        (false, "Arrêté du 3 mars 2026 fixant le nombre de postes offerts au concours d'officier de la marine"),
        (false, "Avis de vacance d'un emploi de directeur de projet"),
        (false, "Arrêté du 3 mars 2026 relatif à une société civile professionnelle (notaires)"),
    ] {
        let relevance = relevance(&rules, "institutions", Nature::Jorf, Authority::Issuer, title);
        assert_eq!(relevance.points >= rules.least_relevance(), is_relevant, "{title}: {}", relevance.told());
    }
}

#[test]
fn of_the_press_what_an_agent_of_a_town_can_use_is_relevant() {
    let rules = Rules::embedded();
    for (is_relevant, section, authority, title) in [
        (true, "cybersecurite", Authority::Press, "Une faille critique dans un pare-feu très répandu"),
        (true, "cybersecurite", Authority::Press, "La mairie de Valbrune victime d'un rançongiciel"),
        (true, "cybersecurite", Authority::Press, "NIS 2 : ce que les communes devront faire"),
        (true, "cybersecurite", Authority::Relay, "Sauvegardes : un disque débranché vaut mieux qu'un contrat"),
        (true, "sante-social", Authority::Press, "EHPAD : un décret change le tarif des départements"),
        (true, "institutions", Authority::Press, "Le calendrier de la rentrée"),
        (false, "cybersecurite", Authority::Press, "Boréale Sécurité signe un partenariat avec un hébergeur"),
        (false, "cybersecurite", Authority::Press, "Webinaire : réinventer la confiance dans le cloud"),
        (false, "cybersecurite", Authority::General, "Cyberattaque au Canada : une banque touchée"),
        (false, "cybersecurite", Authority::General, "Antivirus : la promo du jour à 20 euros"),
        (false, "sports", Authority::Press, "L'office de tourisme recrute un conseiller en séjour (H/F)"),
        (false, "sante-social", Authority::Press, "Le sommeil des bébés, une étude scientifique"),
    ] {
        let relevance = relevance(&rules, section, Nature::Actu, authority, title);
        assert_eq!(relevance.points >= rules.least_relevance(), is_relevant, "{title}: {}", relevance.told());
    }
}
