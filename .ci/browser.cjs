#!/usr/bin/env node
// browser.cjs VIGIE JUDGES: a reader in Chromium, with real mail servers (mta-lab.sh of JUDGES, which is started and stopped here;
// root): subscribes, reads the mail over IMAP, confirms, changes choices, gets a bulletin, searches, asks for help, leaves with one
// click. Once with scripts allowed and by keyboard where forms are filled in, once without scripts. Exit status 1 where something
// is wrong.
"use strict";
const { execFile, execFileSync, spawn } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const { promisify } = require("node:util");

const [VIGIE, JUDGES] = process.argv.slice(2, 4).map((name) => path.resolve(name));
const { launch } = require(path.join(JUDGES, "lib", "chromium.cjs"));
const home = fs.mkdtempSync(path.join(os.tmpdir(), "vigie-browser-"));
const OURS = "https://veille.example.fr/";
let wrong = 0;
let site = "";

function check(condition, what) {
  console.log((condition ? "ok    " : "WRONG ") + what);
  if (!condition) wrong += 1;
}

const lab = (...args) => execFileSync(path.join(JUDGES, "mta-lab.sh"), args, { encoding: "utf8", maxBuffer: 1 << 26, stdio: ["ignore", "pipe", "ignore"] });
const vigie = (...args) => promisify(execFile)(VIGIE, args, { cwd: home });
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(what, look) {
  for (let tries = 0; tries < 60; tries += 1) {
    const found = await look();
    if (found) return found;
    await pause(500);
  }
  throw new Error(`${what}: nothing after half a minute`);
}

// A message as it was stored: its headers and its text part, both decoded as far as this needs.
function message(raw) {
  const [head] = raw.split(/\r?\n\r?\n/, 1);
  const quoted = raw.replace(/=\r?\n/g, "").replace(/((?:=[0-9A-F]{2})+)/g, (run) => Buffer.from(run.replace(/=/g, ""), "hex").toString());
  return { head: head.replace(/\r?\n[ \t]+/g, " "), text: quoted };
}

// The messages of a mailbox that hold these words, over IMAP.
function mails(reader, words) {
  const all = lab("read", `${reader}@mairie.example.fr`);
  return all.split(/^(?=Return-Path:)/m).map(message).filter((mail) => mail.text.includes(words));
}

const mail = (reader, words) => until(`mail « ${words} »`, () => mails(reader, words).at(-1));

function link(mail, kind) {
  const found = mail.text.match(new RegExp(`${OURS}${kind}/[A-Za-z0-9_-]+`));
  if (!found) throw new Error(`no link to ${kind}`);
  return found[0].replace(OURS, site);
}

// What the source tells of: more of it each time.
let told = 0;

function feed() {
  const item = (n, title) =>
    `<item><title>${title}</title><link>https://source.example.fr/${n}</link><guid>https://source.example.fr/${n}</guid>` +
    `<pubDate>${new Date().toUTCString()}</pubDate><description>Une vulnérabilité du pare-feu Bastide est exploitée, dit l’avis ${n}. ` +
    `Les communes appliquent le correctif.</description></item>`;
  const server = http.createServer((asked, answer) => {
    if (asked.url === "/robots.txt") answer.statusCode = 404;
    answer.setHeader("Content-Type", "application/rss+xml; charset=utf-8");
    const items = Array.from({ length: told }, (_, n) => item(n, `Bastide, avis numéro ${n}`)).join("");
    answer.end(`<rss version="2.0"><channel><title>t</title>${items}</channel></rss>`);
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

async function freePort() {
  const server = http.createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function install(feedPort) {
  const port = await freePort();
  site = `http://127.0.0.1:${port}/`;
  fs.writeFileSync(
    path.join(home, "sources.toml"),
    `[[source]]\nid = "cert"\nname = "CERT d’Exemple"\nurl = "http://127.0.0.1:${feedPort}/"\nallow_private = true\n` +
      `section = "cybersecurite"\nnature = "avis"\nauthority = "issuer"\nlicence = "lo"\nevery = "1h"\n`,
  );
  fs.writeFileSync(
    path.join(home, "vigie.toml"),
    `[site]\nname = "Veille des collectivités"\nurl = "${OURS}"\npublisher = "Ville d’Exemple"\naddress = "1 place de la Mairie"\n` +
      `[mail]\nfrom = "Veille <veille@veille.example.fr>"\nreply_to = "veille@veille.example.fr"\n` +
      `[mail.smtp]\nhost = "127.0.0.1"\nport = 2526\nsecurity = "opportunistic"\n[serve]\nlisten = "127.0.0.1:${port}"\n`,
  );
}

// The source has something new.
async function tell() {
  told += 30;
  await vigie("crawl", "--force");
}

// Goes to a field by Tab, as somebody without a mouse does.
async function tabTo(page, id) {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement && document.activeElement.id === wanted, id)) return;
  }
  throw new Error(`Tab does not lead to ${id}`);
}

async function fill(page, scripts, id, text) {
  if (!scripts) return page.fill(`#${id}`, text);
  await tabTo(page, id);
  return page.keyboard.type(text);
}

const heading = async (page) => (await page.textContent("h1")).replace(/\s+/g, " ").trim();

async function reader(browser, scripts) {
  const name = scripts ? "clavier" : "sansscript";
  const how = scripts ? "keyboard" : "no scripts";
  const context = await browser.newContext({ locale: "fr-FR", javaScriptEnabled: scripts });
  const page = await context.newPage();
  const outside = [];
  page.on("request", (request) => request.url().startsWith(site) || outside.push(request.url()));
  page.on("console", (said) => said.type() === "error" && !/status of (422|410|404)/.test(said.text()) && outside.push(said.text()));

  await tell();
  await page.goto(`${site}index.html`);
  await page.click("text=S’abonner");
  check((await heading(page)) === "S’abonner au bulletin", `${how}: the front page leads to the form`);
  await pause(2100);
  await page.click("text=M’abonner");
  check(/^Erreur/.test(await page.title()), `${how}: the title says that something is wrong`);
  check((await page.getAttribute("#adresse", "aria-invalid")) === "true", `${how}: the field says so too`);
  const described = await page.getAttribute("#adresse", "aria-describedby");
  check(described.includes("adresse-erreur") && (await page.isVisible("#adresse-erreur")), `${how}: and by what`);
  await fill(page, scripts, "adresse", `${name}@mairie.example.fr`);
  await pause(2100);
  if (scripts) await page.keyboard.press("Enter");
  else await page.click("text=M’abonner");
  check((await heading(page)) === "Regardez vos messages", `${how}: the form is taken`);

  const asked = await mail(name, "/confirmation/");
  await page.goto(link(asked, "confirmation"));
  await page.click("button");
  check(/enregistr/.test(await heading(page)), `${how}: confirmed by the link of the mail: ${await heading(page)}`);

  const welcome = await mail(name, "/preferences/");
  const own = link(welcome, "preferences");
  await page.goto(own);
  await page.selectOption("#rythme", "daily");
  await page.click("text=Choisir les rubriques et les natures");
  await page.check("#rubrique-cybersecurite");
  await page.click("text=Voir un aperçu");
  const preview = (await page.textContent("#apercu")).replace(/\s+/g, " ");
  check(new RegExp(`${told} nouvelles`).test(preview), `${how}: the preview counts what would have come: ${preview}`);
  await page.click("text=Enregistrer");
  check(/enregistrés/.test(await page.textContent("[role=status]")), `${how}: choices are saved`);
  await page.reload();
  await page.click("text=Recevoir ce lien");
  const owned = await mail(name, "peut tout effacer");
  await page.goto(link(owned, "preferences"));
  check(await page.isVisible("text=Tout effacer"), `${how}: the second link leads to what is kept`);

  await vigie("compose", "--cadence", "daily");
  const bulletin = await mail(name, "Bastide, avis num");
  const story = bulletin.text.match(new RegExp(`${OURS}nouvelles/\\d+\\.html`)) || bulletin.text.match(new RegExp(`${OURS}bulletins/[^\\s"<>]+html`));
  await page.goto(story[0].replace(OURS, site));
  check(/Bastide/.test(await page.textContent("main")), `${how}: the bulletin leads to the site`);

  await page.goto(site);
  await page.click("nav >> text=Rechercher");
  await page.fill("#q, [name=q]", "pare-feu BASTIDES");
  await page.keyboard.press("Enter");
  await page.waitForSelector("mark");
  check((await page.locator("mark").count()) > 0, `${how}: what was looked for is marked in what was found`);
  check((await page.locator("link[rel=alternate]").count()) > 0, `${how}: the search has feeds`);
  await page.click("text=/suivant|Plus ancien|Suite/i");
  check(page.url().includes("apres="), `${how}: a second page follows`);

  await page.goto(`${site}aide`);
  await page.fill("#adresse", `${name}@mairie.example.fr`);
  await pause(2100);
  await page.click("text=Savoir ce qu’ils sont devenus");
  const trace = await mail(name, "ce que sont devenus vos derniers bulletins");
  check(/Bulletin quotidien du [^\n]*remis/.test(trace.text.replace(/\s+/g, " ")), `${how}: the mail says what became of the bulletin`);

  const leave = bulletin.head.match(/^List-Unsubscribe: .*?<(https:[^>]+)>/m)[1].replace(OURS, site);
  check(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click$/m.test(bulletin.head), `${how}: one click is offered`);
  const answer = await fetch(leave, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: "List-Unsubscribe=One-Click",
  });
  check(answer.status === 200, `${how}: one click is enough`);
  await mail(name, "désinscription");
  await page.goto(own);
  check(/plus inscrite/.test(await heading(page)), `${how}: and the page says so`);

  check((await context.cookies()).length === 0, `${how}: no cookie`);
  check(outside.length === 0, `${how}: nothing from elsewhere, no error in the console ${outside.slice(0, 3).join(" ")}`);
  await context.close();
}

async function main() {
  lab("start");
  try {
    await drive();
  } finally {
    lab("stop");
    fs.rmSync(home, { recursive: true, force: true });
  }
  return wrong ? 1 : 0;
}

async function drive() {
  const feedServer = await feed();
  await install(feedServer.address().port);
  const server = spawn(VIGIE, ["run"], { cwd: home, stdio: ["ignore", "ignore", fs.openSync(path.join(home, "log"), "w")] });
  const browser = await launch();
  try {
    await until("the site", () => fetch(site).then((answer) => answer.ok, () => false));
    await reader(browser, true);
    await reader(browser, false);
  } catch (error) {
    check(false, `it came to an end: ${error.stack}`);
    console.log(fs.readFileSync(path.join(home, "log"), "utf8").split("\n").slice(-20).join("\n"));
  } finally {
    await browser.close();
    server.kill("SIGTERM");
    feedServer.close();
  }
}

main().then((status) => process.exit(status), (error) => {
  console.error(error);
  process.exit(1);
});
