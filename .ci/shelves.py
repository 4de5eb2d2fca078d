#!/usr/bin/env python3
"""shelves.py VIGIE CORPUS DEDUP [half]: where Vigie puts 423 labelled items (Journal officiel, press of local authorities, of
health, culture and tourism, and of security), against the labels of shelves.tsv: whether each concerns local authorities,
and its section. The items are made anew from the corpus; only their labels are ours. For each half of the set prints
precision and recall of relevance, accuracy of the section, its mean precision and recall over sections, and what is
taken for what; with a third argument also each mistake of that half, and why. Exit status 1 below the bars.

The rules were written with the half `tune` in view, and no other."""
import csv
import glob
import hashlib
import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict

# The other half measures: what was found in it when it was first looked at (0.819, 0.908, 0.875), less what a few items make.
BARS = {
    "tune": {"precision": 0.90, "recall": 0.92, "section": 0.80},
    "held": {"precision": 0.78, "recall": 0.87, "section": 0.84},
}
# How many of each sort are in the set: those whose id has the least SHA-1.
PICKED = {"jorf": 210, "maire-info": 93, "veille-rss": 60, "cyber": 60}


def plain(markup):
    """What a feed says, as text: its entities are escaped twice."""
    text = html.unescape(html.unescape(markup))
    text = re.sub(r"<!\[CDATA\[|\]\]>", "", text)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).strip()


def inside(markup, tag, attributes=r""):
    found = re.search(rf"<{tag}{attributes}>(.*?)</{tag}>", markup, re.S)
    return found.group(1) if found else ""


def rank(id):
    return hashlib.sha1(id.encode()).hexdigest()


def jorf(corpus):
    seen = {}
    for path in sorted(glob.glob(f"{corpus}/jorf/legifrss/*.xml")):
        for entry in re.findall(r"<entry>.*?</entry>", pathlib.Path(path).read_text("utf8"), re.S):
            number = inside(entry, "id").rsplit("/", 1)[-1]
            # The same text comes in several states of the feed: the first that names its ministry.
            ministry = plain(inside(inside(entry, "author"), "name"))
            if number in seen and seen[number][0]:
                continue
            seen[number] = ministry, {
                "source": "jorf", "section": "institutions", "nature": "jorf", "authority": "aggregator", "url": f"https://www.legifrance.gouv.fr/jorf/id/{number}",
                "title": plain(inside(entry, "title", r"[^>]*")), "text": plain(inside(entry, "content", r"[^>]*"))[:700]}
    return {number: item for number, (_, item) in seen.items()}


def maire_info(corpus):
    articles = json.loads(pathlib.Path(corpus, "maire-info/maire-info-articles.json").read_text())
    return {str(article["id"]): {"source": "maire-info", "section": "institutions", "authority": "press", "title": article["title"],
                                 "text": article["description"][:500]} for article in articles}


def veille(corpus):
    items = {}
    for path in sorted(glob.glob(f"{corpus}/veille-rss/public/**/*.xml", recursive=True)):
        for entry in re.findall(r"<item>.*?</item>", pathlib.Path(path).read_text("utf8"), re.S):
            url = plain(inside(entry, "link"))
            items.setdefault(rank(url)[:10], {"source": pathlib.Path(path).stem, "section": "sante-social", "authority": "press", "url": url,
                                              "title": plain(inside(entry, "title")), "text": plain(inside(entry, "description"))[:500]})
    return items


def cyber(dedup):
    items = {}
    for line in pathlib.Path(dedup, "story_cyberfr_dev.jsonl").read_text("utf8").splitlines():
        item = json.loads(line)
        items[item["id"]] = {"source": item["source"], "section": "cybersecurite", "authority": "general", "url": item["url"], "title": item["title"],
                             "text": item["text"][:500]}
    return items


def picked(corpus, dedup):
    items = {}
    for sort, found in (("jorf", jorf(corpus)), ("maire-info", maire_info(corpus)), ("veille-rss", veille(corpus)), ("cyber", cyber(dedup))):
        ids = sorted((f"{sort}:{id}" for id in found), key=rank)[:PICKED[sort]]
        items |= {id: {"id": id} | found[id.split(":", 1)[1]] for id in ids}
    return items


def labels():
    with open(pathlib.Path(__file__).with_name("shelves.tsv"), newline="", encoding="utf8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield row | {"relevant": row["relevant"] == "1", "sections": [row["section"], *row["second"].split()]}


def decided(vigie, items):
    lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    # Elsewhere than in an installation the rules are those that ship.
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([vigie, "eval", "shelves", "-"], input=lines, text=True, capture_output=True, check=False, cwd=folder)
    if run.returncode:
        sys.exit(f"WRONG exit status {run.returncode}: {run.stderr}")
    return {line["id"]: line for line in map(json.loads, run.stdout.splitlines())}


def share(part, whole):
    return part / whole if whole else 0.0


def measure(half, rows, got):
    """The figures of one half, printed; and whether they reach the bars."""
    both = sum(row["relevant"] and got[row["id"]]["relevant"] for row in rows)
    precision = share(both, sum(got[row["id"]]["relevant"] for row in rows))
    recall = share(both, sum(row["relevant"] for row in rows))
    right = [got[row["id"]]["section"] in row["sections"] for row in rows]
    # A section that was accepted counts as the one that was meant.
    pairs = [(row["section"], row["section"] if ok else got[row["id"]]["section"]) for row, ok in zip(rows, right)]
    meant, given = Counter(meant for meant, _ in pairs), Counter(given for _, given in pairs)
    hits = Counter(meant for meant, given in pairs if meant == given)
    of_sections = [share(hits[section], given[section]) for section in given], [share(hits[section], meant[section]) for section in meant]
    print(f"{half}: {len(rows)} items, {sum(row['relevant'] for row in rows)} relevant")
    print(f"  relevance  precision {precision:.3f}  recall {recall:.3f}")
    print(f"  section    accuracy {share(sum(right), len(rows)):.3f}  mean precision {share(sum(of_sections[0]), len(given)):.3f}"
          f"  mean recall {share(sum(of_sections[1]), len(meant)):.3f}")
    by_sort = defaultdict(list)
    for row, ok in zip(rows, right):
        by_sort[row["id"].split(":")[0]].append((row["relevant"] == got[row["id"]]["relevant"], ok))
    for sort, found in sorted(by_sort.items()):
        print(f"    {sort:<11} {len(found):3}  relevance right {share(sum(r for r, _ in found), len(found)):.3f}"
              f"  section right {share(sum(s for _, s in found), len(found)):.3f}")
    confused = Counter(pair for pair in pairs if pair[0] != pair[1])
    print("  taken for: " + ", ".join(f"{meant} → {given} {n}" for (meant, given), n in confused.most_common(12)))
    figures = {"precision": precision, "recall": recall, "section": share(sum(right), len(rows))}
    below = [name for name, bar in BARS[half].items() if figures[name] < bar]
    for name in below:
        print(f"WRONG {half}: {name} {figures[name]:.3f} is below {BARS[half][name]:.2f}")
    return not below


def mistakes(rows, got, items):
    for row in rows:
        line = got[row["id"]]
        wrong = [] if row["relevant"] == line["relevant"] else ["relevant, left out" if row["relevant"] else "irrelevant, taken"]
        wrong += [] if line["section"] in row["sections"] else [f"{row['section']} → {line['section']}"]
        if wrong:
            print(f"\n{row['id']}: {' ; '.join(wrong)}\n  {items[row['id']]['title']}\n  " + "\n  ".join(line["because"]))


def main():
    vigie, corpus, dedup = sys.argv[1:4]
    items, rows = picked(corpus, dedup), list(labels())
    missing = [row["id"] for row in rows if row["id"] not in items]
    if missing:
        sys.exit(f"WRONG {len(missing)} labelled items are not in the corpus, such as {missing[0]}")
    got = decided(pathlib.Path(vigie).resolve(), [items[row["id"]] for row in rows])
    halves = defaultdict(list)
    for row in rows:
        halves[row["half"]].append(row)
    reached = [measure(half, found, got) for half, found in sorted(halves.items(), reverse=True)]
    if len(sys.argv) > 4:
        mistakes(halves[sys.argv[4]], got, items)
    sys.exit(0 if reached and all(reached) else 1)


if __name__ == "__main__":
    main()
