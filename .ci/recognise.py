#!/usr/bin/env python3
"""Holds what `vigie eval dedup` decides on labelled documents to its bars. Standard library only.

    recognise.py VIGIE FOLDER      the folder with score.py and its *_dev.jsonl

Played twice, a file must give the same bytes.
"""
import collections, json, os, subprocess, sys, tempfile

VIGIE, FOLDER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])

# File, field that is compared, options of score.py.
FILES = [
    ('neardup', 'group', '--min-precision 0.999 --min-f1 0.97 --max-revisions-told-new 0 --max-first-not-told-new 2'),
    # Two of them are the same to the letter: no text can tell them apart.
    ('siblings', 'group', '--max-false-pairs 1'),
    ('csaf_revisions', 'group', '--min-recall 1 --min-precision 1 --max-revisions-told-new 0'),
    ('story_cyberfr', 'story', '--min-bcubed-f1 0.97 --min-bcubed-multi-f1 0.90 --min-precision 0.90'),
]
# What was done to a document: how many of these must be joined, and joined or proposed.
BY_OPERATION = {
    'url': (1, 1), 'trunc_rss': (1, 1), 'boiler': (1, 1), 'relay': (1, 1),
    'trunc_noid': (.85, .97), 'typo': (.97, .97), 'typo_presse': (.97, .97), 'trunc_presse': (.97, .97),
}


def main():
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for name, key, options in FILES:
            data, out = os.path.join(FOLDER, f'{name}_dev.jsonl'), os.path.join(folder, f'{name}.jsonl')
            if name in ('siblings', 'csaf_revisions'):
                # Their sources bring advisories, as the settings of a crawler say.
                known = os.path.join(folder, f'{name}.data.jsonl')
                with open(known, 'w', encoding='utf-8') as file:
                    file.writelines(json.dumps(row | {'nature': 'avis'}) + '\n' for row in rows(data))
                data = known
            with open(out, 'wb') as file:
                subprocess.run([VIGIE, '--quiet', 'eval', 'dedup', data], check=True, stdout=file, cwd=folder)
            print(f'-- {name}')
            score = [sys.executable, os.path.join(FOLDER, 'score.py'), data, out, '--key', key, *options.split()]
            if subprocess.run(score).returncode:
                failed.append(f'{name}: a bar of {options}')
            if key == 'group' and name != 'neardup':
                # No advisory joins another one's story by its words.
                told, truth = {}, {row['id']: row['group'] for row in rows(data)}
                for row in rows(out):
                    told.setdefault(row['story'], set()).add(truth[row['id']])
                mixed = sum(len(groups) > 1 for groups in told.values())
                print(f'  stories of several advisories: {mixed}')
                # The two of the siblings that are the same to the letter.
                if mixed > (name == 'siblings'):
                    failed.append(f'{name}: {mixed} stories hold several advisories')
            if name == 'csaf_revisions':
                again = subprocess.run([VIGIE, '--quiet', 'eval', 'dedup', data], check=True, capture_output=True, cwd=folder)
                if again.stdout != open(out, 'rb').read():
                    failed.append(f'{name}: played twice, it gives other bytes')
            if name == 'neardup':
                failed += by_operation(rows(data), {row['id']: row for row in rows(out)})
    for failure in failed:
        print(f'error: {failure}', file=sys.stderr)
    sys.exit(bool(failed))


def rows(path):
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file]


def by_operation(documents, decided):
    """How many of each sort came to the first document of their group, or were shown to an editor beside one of it."""
    truth = {row['id']: row['group'] for row in documents}
    first, counts, wrong = {}, collections.defaultdict(lambda: [0, 0, 0]), 0
    for row in documents:
        mine = decided[row['id']]
        wrong += bool(mine.get('possible')) and truth[mine['possible']] != row['group']
        if row['group'] not in first:
            first[row['group']] = mine['group']
            continue
        count = counts[row['op']]
        count[0] += 1
        if mine['group'] == first[row['group']]:
            count[1] += 1
        elif mine.get('possible') and truth[mine['possible']] == row['group']:
            count[2] += 1
    failed = []
    for operation, (all, joined, proposed) in sorted(counts.items()):
        bars = BY_OPERATION.get(operation, (0, 0))
        shares = joined / all, (joined + proposed) / all
        print(f'  {operation:18} {all:5}  joined {shares[0]:.3f}  joined or proposed {shares[1]:.3f}')
        if any(share < bar for share, bar in zip(shares, bars)):
            failed.append(f'neardup: {operation}: {shares[0]:.3f}, {shares[1]:.3f} below {bars}')
    print(f'  proposed beside a document of another group: {wrong}')
    return failed


if __name__ == '__main__':
    main()
