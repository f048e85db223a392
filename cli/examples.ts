/** What people type, by group: shown under the group's own help and in the manual page. */
export interface Example { readonly line: string; readonly does: string }

export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  models: [
    { line: 'portico models check /srv/packs/new', does: 'whether a model pack may be used, and how fast it is here' },
    { line: 'portico models check /srv/packs/new --faces /srv/faces --write', does: 'also how often it errs, and its thresholds into its manifest' },
  ],
  gallery: [{ line: 'systemctl stop portico && portico gallery rekey && systemctl start portico', does: 'a new secret rotation of all templates' }],
  vault: [{ line: 'portico vault new --deletions deletions.jsonl', does: 'begin again where the vault is lost; customers are photographed anew' }],
  audit: [
    { line: 'portico audit verify', does: 'whether the log is whole; exit code 1 when it is not' },
    { line: 'portico --json audit verify | jq .head', does: 'its newest entry, to be kept on paper' },
    { line: 'portico audit export /root/audit.csv', does: 'the whole log as a table' },
  ],
  receipt: [{ line: 'portico receipt verify receipt.pdf --key keys.json', does: 'whether this box signed it' }],
  pack: [{ line: 'portico pack verify audit-pack.zip --key keys.json', does: 'its signature, files, log and consents' }],
  export: [
    { line: 'portico export', does: 'what head office was sent, and what waits' },
    { line: 'portico export --day 2026-11-20 --dry-run', does: 'for the privacy officer: the release beside the true figures; asks for name and PIN, and is written down' },
  ],
  fleet: [
    { line: 'portico fleet verify /srv/releases --keys stores.json --out /srv/merged', does: 'every release of every store, and tables of all that are as they should be; exit code 3 when something is amiss' },
    { line: 'portico --json fleet verify /srv/releases --keys stores.json | jq -r ".faults[] | [.code, .file] | @tsv"', does: 'every fault, for a program' },
  ],
  backup: [
    { line: 'portico backup key new --out store.key --store "Camellia Watches"', does: 'on IT\'s laptop, once a store; prints the recipient for the stick' },
    { line: 'portico backup now', does: 'one at once, read back and opened' },
    { line: 'portico backup verify portico-SH-NJR-01-5f21c09a-20261121-184000.age --key store.key', does: 'on any machine: whether it could be restored' },
  ],
  restore: [
    { line: 'systemctl stop portico && portico restore portico-SH-NJR-01-5f21c09a-20261121-184000.age --key store.key', does: 'on a new box; it says what to compare before it is started again' },
    { line: 'portico restore portico-SH-NJR-01-5f21c09a-20261121-184000.age --key store.key --replace', does: 'the same over a box that is in use, stopped before' },
  ],
  pair: [{ line: 'portico pair', does: 'address and QR code for an iPad, when no paired one is left' }, { line: 'portico pair --owner', does: 'where nobody is owner yet' }],
  stick: [
    { line: 'portico stick new --help', does: 'what a new stick needs' },
    { line: 'portico stick check /media/PORTICO', does: 'every mistake, with line and column' },
  ],
  provision: [{ line: 'portico provision apply --stick /media/PORTICO --dry-run', does: 'what a stick would change here' }],
  update: [{ line: 'portico update check FILE', does: 'whether this bundle may be applied here' }],
  health: [{ line: 'portico health', does: 'every check; exit code 3 when something needs attention' }, { line: 'portico --json health | jq .status', does: 'for a monitor' }],
  wipe: [{ line: 'portico wipe --help', does: 'what has to be said before everything is destroyed' }],
  'support-bundle': [{ line: 'portico support-bundle /root/support.zip', does: 'the file for support, when no iPad can reach the box' }],
  man: [{ line: 'portico man', does: 'this page' }],
};
