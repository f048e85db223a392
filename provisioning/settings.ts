/**
 * What portico.yaml says, as one schema: it checks the file, it is the JSON Schema that editors read (provisioning/portico.schema.json, made
 * by `npm run build:schema`), and docs/stick.md explains it. `description` and `errorMessage` are words for whoever writes the file.
 */
import { Type, type Static, type TObject, type TProperties } from 'typebox';
import { ReleaseParameters, RETENTION_KINDS, type RetentionKind } from '../appliance/contract/index.js';
// Past the door: behind it is the database, and this runs on laptops.
import { TERMS } from '../appliance/compliance/terms.js';

/** Of this form of the file. A box refuses any other. */
export const STICK_VERSION = 1;
/** Where the backup disk is mounted on the box. */
export const BACKUP_DISK = '/run/portico/backup';
/** And the disk on which releases are carried to head office: not the same one, which has to stay. */
export const EXPORT_DISK = '/run/portico/export';
/** The pack that comes with the release. */
export const BUILTIN_PACK = 'builtin';

/** What a person is told of a value: what it is, and what to write where it does not fit. */
interface Words { description: string; errorMessage?: string }

const object = <P extends TProperties>(properties: P, words: Words): TObject<P> => Type.Object(properties, { additionalProperties: false, ...words });
const oneOf = <const T extends readonly string[]>(values: T, words: Words) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...words, errorMessage: words.errorMessage ?? `Write one of: ${values.join(', ')}.` });
/** On one line, without characters that cannot be seen; it ends up in files of lines on the box. */
const line = (maxLength: number, words: Words) => Type.String({ minLength: 1, maxLength, pattern: '^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]*[^\\s\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}][^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]*$', errorMessage: `Write 1 to ${maxLength} characters on one line.`, ...words });
const time = (words: Words) => Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', errorMessage: 'Write a time such as "04:00", in quotes.', ...words });

/** A first label of a DNS name (RFC 1123), lower case: it is a part of the address that people type. */
export const HOST_LABEL = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$';
export const STORE_ID = '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$';
/** A bare name: nothing that leads out of the models folder, in any system. */
export const PACK_NAME = '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\\.[A-Za-z0-9_-]{1,32}){0,4}$';
export const AGE_RECIPIENT = '^age1[a-z0-9]{20,2000}$';
const SHA256 = '^[0-9a-f]{64}$';

const Address = (words: Words) => Type.String({ maxLength: 45, errorMessage: 'Write an address such as 192.168.1.1.', ...words });
const Network = (words: Words) => Type.String({ maxLength: 49, errorMessage: 'Write a network such as 192.168.1.0/24, or one address.', ...words });

/** Of all three files. */
export const kindOf = <const K extends string>(kind: K) => Type.Literal(kind, { description: 'What this file is. It keeps one signed file from being taken for another.', errorMessage: `Write: kind: ${kind}` });
export const Version = Type.Literal(STICK_VERSION, { description: 'Of the form of this file.', errorMessage: `Write: version: ${STICK_VERSION}` });

const Store = object({
  id: Type.String({ pattern: STORE_ID, description: 'Which of your stores this is, as head office names them.', errorMessage: 'Write up to 40 letters, digits, dots, dashes or underscores, such as SH-NJR-01.' }),
  name: line(60, { description: 'The store\'s name, as it stands on the iPads.' }),
}, { description: 'Which store this box is for.' });

const Ethernet = object({
  dhcp: Type.Optional(Type.Boolean({ description: 'The network gives the box its address.' })),
  address: Type.Optional(Type.String({ maxLength: 49, description: 'A fixed address with the network\'s length.', errorMessage: 'Write an address with the length of its network, such as 192.168.1.20/24.' })),
  gateway: Type.Optional(Address({ description: 'The router, for a fixed address.' })),
  dns: Type.Optional(Type.Array(Address({ description: 'A name server.' }), { maxItems: 3, description: 'Name servers, at most three.', errorMessage: 'Write a list such as [192.168.1.1].' })),
}, { description: 'The cable. Either dhcp: true, or a fixed address.' });

const NetworkSettings = object({
  hostName: Type.String({ pattern: HOST_LABEL, description: 'The box is then https://NAME.local:8443 in the store.', errorMessage: 'Write lower-case letters, digits and dashes, such as portico-njr, without .local.' }),
  ethernet: Type.Optional(Ethernet),
  ntp: Type.Optional(Type.Array(Type.String({ maxLength: 253, description: 'A time server.', errorMessage: 'Write a host name or an address, such as ntp.aliyun.com.' }), { minItems: 1, maxItems: 4, description: 'Time servers, at most four.', errorMessage: 'Write a list such as [ntp.aliyun.com].' })),
  allowedLan: Type.Optional(Type.Array(Network({ description: 'A network.' }), { minItems: 1, maxItems: 32, description: 'Networks that may reach the box. Absent: every private network.', errorMessage: 'Write a list such as [192.168.1.0/24].' })),
}, { description: 'How the box is on the store\'s network.' });

const Retention = object(Object.fromEntries(RETENTION_KINDS.map((kind) => [kind, Type.Optional(Type.Integer({
  minimum: TERMS[kind].minDays, maximum: TERMS[kind].maxDays,
  description: `Days; ${TERMS[kind].days} where nothing is said.`, errorMessage: `Write a whole number of days, ${TERMS[kind].minDays} to ${TERMS[kind].maxDays}.`,
}))])) as Record<RetentionKind, ReturnType<typeof Type.Optional<ReturnType<typeof Type.Integer>>>>,
{ description: 'How many days each kind of data is kept, until the privacy officer chooses otherwise.' });

const HostKey = Type.Optional(Type.String({ pattern: '^SHA256:[A-Za-z0-9+/]{43}$', description: 'The server\'s key, as ssh-keygen -l shows it. Only with sftp.', errorMessage: 'Write it as ssh-keygen -l shows it: SHA256: and 43 characters.' }));

const Backup = object({
  recipient: Type.String({ pattern: AGE_RECIPIENT, description: 'Who can open the backups: made by "portico backup key new". The private key stays with the store.', errorMessage: 'Write the line that "portico backup key new" shows: it begins with age1.' }),
  to: Type.String({ maxLength: 500, pattern: '^(usb|sftp://[^\\s]+)$', description: 'usb: a disk labelled PORTICO-BAK that stays plugged in. Or a server: sftp://user@host/folder.', errorMessage: 'Write usb, or sftp://user@host/folder.' }),
  hostKey: HostKey,
  at: Type.Optional(time({ description: 'When, by the store\'s clock. Absent: 02:40.' })),
  keep: Type.Optional(Type.Integer({ minimum: 2, maximum: 366, description: 'How many backups are kept. Absent: 14.', errorMessage: 'Write a whole number, 2 to 366.' })),
}, { description: 'Nightly backups. Absent: none are made.' });

/** The contract's, so that nothing looser than those can be said. */
const BOUNDS = ReleaseParameters.properties;
/** No store has as many in a day. */
const PEOPLE_MAX = 100_000;
const toOne = (least: number) => `Write a number from ${least} to 1, with at most six decimals.`;
const names = (words: { description: string; item: string }) => Type.Optional(Type.Array(
  // No space at the end, which nobody sees.
  Type.String({ minLength: 1, maxLength: 20, pattern: '^[\\p{L}\\p{N}]([\\p{L}\\p{N} ._:+-]*[\\p{L}\\p{N}._:+-])?$', description: words.item, errorMessage: 'Write 1 to 20 letters or digits, with spaces or . _ : + - between them.' }),
  { maxItems: 6, description: words.description, errorMessage: 'Write a list of at most six names.' },
));

const Parameters = object({
  epsilon: Type.Optional(Type.Number({ ...BOUNDS.epsilon, description: 'How much one night may tell about anybody, at most. Absent: 1.', errorMessage: toOne(0.1) })),
  epsilonVisitor: Type.Optional(Type.Number({ ...BOUNDS.epsilonVisitor, description: 'Of it, for new and known visitors. Absent: 0.4.', errorMessage: toOne(0.05) })),
  delta: Type.Optional(Type.Number({ ...BOUNDS.delta, description: 'The chance that a day of only crowdMin people is released. Absent: 0.000001.', errorMessage: 'Write 0.000001 to 0.00001.' })),
  crowdMin: Type.Optional(Type.Integer({ ...BOUNDS.crowdMin, maximum: PEOPLE_MAX, description: 'A day with fewer people is not released. Absent: 20.', errorMessage: `Write a whole number, 20 to ${PEOPLE_MAX}.` })),
  cellMin: Type.Optional(Type.Integer({ ...BOUNDS.cellMin, maximum: PEOPLE_MAX, description: 'A figure below this is withheld. Absent: 10.', errorMessage: `Write a whole number, 10 to ${PEOPLE_MAX}.` })),
  cellsPerPerson: Type.Optional(Type.Integer({ ...BOUNDS.cellsPerPerson, description: 'In how many figures one person counts, at most. Absent: 4.', errorMessage: 'Write a whole number, 1 to 4.' })),
  minutesMax: Type.Optional(Type.Integer({ ...BOUNDS.minutesMax, description: 'Longer stays count as this long. Absent: 180.', errorMessage: 'Write whole minutes, 30 to 180.' })),
  stayEdges: Type.Optional(Type.Array(Type.Integer({ ...BOUNDS.stayEdges.items, description: 'Minutes.', errorMessage: 'Write whole minutes, 1 to 179.' }), { minItems: 2, maxItems: 3, description: 'Where lengths of stay are parted. Absent: [15, 45, 90].', errorMessage: 'Write two or three, such as [15, 45, 90].' })),
  partEdges: Type.Optional(Type.Array(time({ description: 'By the store\'s clock.' }), { minItems: 1, maxItems: 3, description: 'Where the day is parted, at least three hours each. Absent: ["12:00", "17:00"].', errorMessage: 'Write one to three, such as ["12:00", "17:00"].' })),
  epsilonYearMax: Type.Optional(Type.Number({ ...BOUNDS.epsilonYearMax, description: 'How much 365 days may tell, at most. Absent: 366.', errorMessage: 'Write a number above 0, at most 366, with at most six decimals.' })),
}, { description: 'Numbers of the release that are to be stricter than as delivered; docs/settings.md.' });

const Export = object({
  to: Type.String({ maxLength: 500, pattern: '^(headOffice|usb|sftp://[^\\s]+)$', description: 'headOffice: by HTTPS, to releases below headOffice.url. usb: a disk labelled PORTICO-OUT. Or a server: sftp://user@host/folder.', errorMessage: 'Write headOffice, usb, or sftp://user@host/folder.' }),
  hostKey: HostKey,
  at: Type.Optional(time({ description: 'When, by the store\'s clock. Absent: 04:40.' })),
  clientCertificate: Type.Optional(Type.String({ maxLength: 16_384, description: 'What the box shows to head office\'s server, in PEM form, the box\'s own first; its key is secrets.exportClientKey. Only with headOffice.', errorMessage: 'Write a certificate in PEM form, as a block after "|".' })),
  tiers: names({ description: 'Tiers that are counted by name. Absent: none.', item: 'A tier, as it is written in the dossiers.' }),
  teams: names({ description: 'Teams of staff that are counted by name. Absent: none.', item: 'A team, as head office names it.' }),
  parameters: Type.Optional(Parameters),
}, { description: 'The nightly release for head office: figures without personal data. Absent: none is made.' });

const Secret = (what: string) => Type.Optional(Type.String({
  maxLength: 16_384, pattern: '^-----BEGIN AGE ENCRYPTED FILE-----\\n([A-Za-z0-9+/=]{1,64}\\n)+-----END AGE ENCRYPTED FILE-----\\n?$',
  description: `${what} Encrypted to the box by "portico stick secret".`, errorMessage: 'Only what is encrypted to the box may stand here: write it with "portico stick secret".',
}));

const Secrets = object({
  sftpKey: Secret('The private key for backups to an sftp server.'),
  exportHmac: Secret('32 characters or more that head office has too: releases are signed with them.'),
  exportClientKey: Secret('The private key of export.clientCertificate.'),
  exportSftpKey: Secret('The private key for releases to an sftp server.'),
}, { description: 'Each encrypted to this one box.' });
/** What may be encrypted to the box. */
export type SecretName = keyof Static<typeof Secrets>;
export const SECRET_NAMES = Object.keys(Secrets.properties) as readonly SecretName[];

export const Settings = object({
  kind: kindOf('settings'),
  version: Version,
  serial: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: 'Set by "portico stick sign"; it grows each time. The box takes nothing older.', errorMessage: 'Leave it to "portico stick sign".' })),
  store: Store,
  languages: Type.Optional(Type.Array(oneOf(['zh-CN', 'en'], { description: 'A language.' }), { minItems: 1, maxItems: 2, description: 'Of the pages; the first one where nobody has chosen yet. Absent: both.', errorMessage: 'Write [zh-CN, en], [en, zh-CN], or one of them.' })),
  timeZone: Type.String({ minLength: 1, maxLength: 60, description: 'The store\'s time zone, such as Asia/Shanghai.', errorMessage: 'Write a time zone such as Asia/Shanghai.' }),
  currency: Type.Optional(Type.String({ pattern: '^[A-Z]{3}$', description: 'What prices are in. Absent: CNY.', errorMessage: 'Write the three letters, such as CNY.' })),
  dayEndsAt: Type.Optional(time({ description: 'When the business day ends. Absent: 04:00.' })),
  openingHours: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'As OpenStreetMap writes them. Updates come outside of them; absent: from 03:00 to 05:00.', errorMessage: 'Write them as in "Mo-Fr 10:00-22:00; Sa,Su 09:00-23:00".' })),
  network: NetworkSettings,
  headOffice: Type.Optional(object({
    url: Type.String({ maxLength: 500, pattern: '^https://[^\\s]+$', description: 'Of head office\'s server.', errorMessage: 'Write an address that begins with https://.' }),
  }, { description: 'Where the nightly release without personal data goes, where export says so, and where updates may come from.' })),
  retention: Type.Optional(Retention),
  models: Type.Optional(object({
    pack: Type.String({ pattern: PACK_NAME, description: `${BUILTIN_PACK}, or the name of a folder below models/ on the stick that holds a pack with its manifest.json.`, errorMessage: 'Write builtin, or the bare name of a folder below models/ on the stick.' }),
    manifestSha256: Type.Optional(Type.String({ pattern: SHA256, description: 'Of the pack\'s manifest.json; set by "portico stick sign".', errorMessage: 'Leave it to "portico stick sign".' })),
  }, { description: 'Which models recognise. Absent: those that came with the box.' })),
  owner: Type.Optional(object({
    codeSha256: Type.String({ pattern: SHA256, description: 'Of the owner\'s one-time code, which "portico stick new" has written on the owner\'s sheet.', errorMessage: 'Leave it to "portico stick new".' }),
  }, { description: 'The first owner\'s way in.' })),
  roots: Type.Optional(Type.Array(Type.String({
    maxLength: 8_192, description: 'A certificate in PEM form.', errorMessage: 'Write a certificate in PEM form, as a block after "|".',
  }), { minItems: 1, maxItems: 8, description: 'Further roots that head office\'s certificate may come from.', errorMessage: 'Write a list of certificates.' })),
  backup: Type.Optional(Backup),
  export: Type.Optional(Export),
  updates: Type.Optional(object({
    from: oneOf(['stick', 'headOffice'], { description: 'Where updates come from.' }),
  }, { description: 'Absent: only from sticks.' })),
  metrics: Type.Optional(object({
    allow: Type.Array(Network({ description: 'An address or network.' }), { maxItems: 32, description: 'Who may read /metrics besides the box itself.', errorMessage: 'Write a list such as [10.0.0.5].' }),
  }, { description: 'For your monitoring. Absent: nobody but the box itself.' })),
  secrets: Type.Optional(Secrets),
}, { description: 'The settings of a Portico box, as they come to it on a USB stick.' });
export type Settings = Static<typeof Settings>;

/**
 * The variables of box.env that follow from the file; what is not said is left to the box's own defaults. The rest of the file is not for the
 * service but for who applies it: ethernet, ntp, roots, updates, secrets.
 * @param settings as checkFile gave it
 * @param modelsDirectory where the stick's model pack lies on the box; needed for a pack other than the built-in one
 * @returns name to value; one line each, not quoted
 */
export function toEnvironment(settings: Settings, modelsDirectory?: string): Record<string, string> {
  const { backup, export: release, models, network, store } = settings;
  const parameters = Object.entries(release?.parameters ?? {}).map(([name, value]) => `${name}=${[value].flat().map(written).join('/')}`);
  const entries: [string, string | number | undefined][] = [
    ['PORTICO_STORE_ID', store.id],
    ['PORTICO_STORE_NAME', store.name],
    ['PORTICO_TIME_ZONE', settings.timeZone],
    ['PORTICO_HOST_NAMES', `${network.hostName}.local`],
    ['PORTICO_MDNS', 'true'],
    ['PORTICO_LANGUAGES', settings.languages?.join(',')],
    ['PORTICO_CURRENCY', settings.currency],
    ['PORTICO_DAY_ENDS_AT', settings.dayEndsAt],
    ['PORTICO_OPENING_HOURS', settings.openingHours],
    ['PORTICO_ALLOWED_LAN', network.allowedLan?.join(',')],
    ['PORTICO_HEAD_OFFICE_URL', settings.headOffice?.url],
    ['PORTICO_RETENTION_DAYS', settings.retention && Object.entries(settings.retention).map(([kind, days]) => `${kind}=${days}`).join(',')],
    ['PORTICO_MODELS_DIR', models === undefined || models.pack === BUILTIN_PACK ? undefined : modelsDirectory],
    ['PORTICO_OWNER_CODE_SHA256', settings.owner?.codeSha256],
    ['PORTICO_METRICS_ALLOW', settings.metrics?.allow.join(',')],
    ['PORTICO_BACKUP_RECIPIENT', backup?.recipient],
    ['PORTICO_BACKUP_TO', backup?.to === 'usb' ? BACKUP_DISK : backup?.to],
    ['PORTICO_BACKUP_MOUNTED', backup?.to === 'usb' ? 'true' : undefined],
    ['PORTICO_BACKUP_HOST_KEY', backup?.hostKey],
    ['PORTICO_BACKUP_AT', backup?.at],
    ['PORTICO_BACKUP_KEEP', backup?.keep],
    ['PORTICO_EXPORT_TO', release?.to === 'usb' ? EXPORT_DISK : release?.to === 'headOffice' ? releasesUrl(settings) : release?.to],
    ['PORTICO_EXPORT_MOUNTED', release?.to === 'usb' ? 'true' : undefined],
    ['PORTICO_EXPORT_HOST_KEY', release?.hostKey],
    ['PORTICO_EXPORT_AT', release?.at],
    ['PORTICO_EXPORT_TIERS', release?.tiers?.join(',')],
    ['PORTICO_EXPORT_TEAMS', release?.teams?.join(',')],
    ['PORTICO_EXPORT_PARAMETERS', parameters.join(',')],
  ];
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, String(value)]])));
}

/** As the box's settings take numbers: without an exponent. */
const written = (value: string | number): string => (typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(6).replace(/0+$/, '') : String(value));

/** Where releases go by HTTPS; undefined: nobody says where head office is. */
export function releasesUrl({ headOffice }: Pick<Settings, 'headOffice'>): string | undefined {
  if (headOffice === undefined) return undefined;
  const url = new URL(headOffice.url);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/releases`;
  return url.href;
}
