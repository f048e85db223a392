import type { KeySet, Language } from '../contract/index.js';
import { Sheet, type Letterhead } from './sheet.js';
import type { ChainHead } from './receipt.js';
import { when } from './when.js';

/** What a box held that is destroyed with it; words below. */
export const WIPED = ['database_key', 'credentials', 'host_key', 'box_key', 'vault', 'tls_keys', 'update_copies', 'database', 'logs', 'settings', 'rest'] as const;
export type Wiped = (typeof WIPED)[number];

/** What a certificate of a wipe says; nothing about a person. */
export interface WipeClaims {
  /** Name of the store. */
  iss: string;
  jti: string;
  /** Seconds since 1970. */
  iat: number;
  storeId: string;
  boxId: string | null;
  /** `begun`: signed before the first key went, for the case that power is lost on the way. `done`: signed after all was looked at again. */
  state: 'begun' | 'done';
  requestedBy: string;
  requestedAt: string;
  completedAt: string | null;
  destroyed: Wiped[];
  /** Kinds and numbers of what could not be destroyed. */
  left: string[];
  /** SHA-256 of the public halves, or of what is public of the key. */
  keys: { signing: string; database: string | null; box: string | null };
  audit: ChainHead | null;
}

const NAMES: Record<Language, Record<Wiped, string>> = {
  'zh-CN': {
    database_key: '数据库密钥', credentials: '系统保管的凭据', host_key: '本机主机密钥（凭据用它封存）', box_key: '门店盒私钥', vault: '保险库（人脸向量与每位顾客的密钥）', tls_keys: '网页证书私钥',
    update_copies: '升级时留下的副本', database: '数据库', logs: '日志', settings: '设置', rest: '数据目录里的其余文件',
  },
  en: {
    database_key: 'Key of the database', credentials: 'Credentials kept by the system', host_key: 'Key of this machine, under which they were sealed', box_key: 'Private key of the box',
    vault: 'Vault (face vectors, a key for each customer)',
    tls_keys: 'Private keys of the web certificate', update_copies: 'Copies from updates', database: 'Database', logs: 'Logs', settings: 'Settings', rest: 'What else was in the data folder',
  },
};

const WORDS = {
  'zh-CN': {
    title: '门店盒清除证明',
    lead: (store: string) => `${store}的门店盒在此声明：盒内数据已清除。先销毁密钥，没有密钥，磁盘上剩下的内容无法读出；随后删除文件并再次核对。本证明不含任何个人信息。`,
    begun: (store: string) => `${store}的门店盒已收到清除请求并开始清除。清除中途断电，签名密钥已先行销毁，因此完成情况无法再签名，见文末。`,
    what: '销毁了什么', left: '未能销毁', none: '无', store: '门店编号', box: '门店盒编号', by: '请求来源', at: '请求时间', done: '完成时间', id: '证明编号', keys: '密钥指纹',
    signing: '签名公钥', database: '数据库密钥', boxKey: '门店盒公钥', head: '审计链末尾', check: '怎样核对',
    checkLines: ['签名文本与公钥附在本 PDF 里（wipe.jws、keys.json），旁边另有同名 .keys.json 文件。', '核对命令：portico receipt verify 证明.pdf --key 证明.keys.json。公钥指纹应与顾客的同意书副本、删除凭证上印的一致。'],
    limits: '本证明说明：持有该密钥的门店盒签署了这份声明。它不能证明盒外没有另存副本（例如备份），也不能证明闪存芯片的备用块已清空：有 TPM 的机器，备用块里只有密文；没有 TPM 的机器，还可能留有本机主机密钥，请把硬盘也销毁。',
    unsigned: (at: string) => `以下一行没有签名：断电后继续清除，于 ${at} 完成。`, statement: '签名文本（JWS）：',
  },
  en: {
    title: 'Certificate of a wipe',
    lead: (store: string) => `The box of ${store} states that its data have been destroyed: first the keys, without which what is left on the disk cannot be read; then the files; then it looked again. There is nothing about a person in this certificate.`,
    begun: (store: string) => `The box of ${store} was asked to destroy its data and has begun. Power was lost on the way, after the signing key had gone: the end could not be signed, see below.`,
    what: 'What was destroyed', left: 'Not destroyed', none: 'nothing', store: 'Store', box: 'Box', by: 'Asked for by', at: 'Asked for at', done: 'Done at', id: 'Certificate', keys: 'Thumbprints of the keys',
    signing: 'Signing key', database: 'Key of the database', boxKey: 'Key of the box', head: 'End of the audit chain', check: 'How to check this',
    checkLines: ['The signed text and the public key are attached to this PDF (wipe.jws, keys.json); the key lies beside it too, under the same name with .keys.json.', 'portico receipt verify CERTIFICATE.pdf --key CERTIFICATE.keys.json. The thumbprint of the key is to be the one on the customers\' copies of their consents and on receipts.'],
    limits: 'This proves that the box that holds the key signed the statement. It cannot prove that no copy exists outside the box, such as a backup, nor that flash memory has emptied its spare blocks: on a machine with a TPM these hold ciphertext only; without one, the machine\'s own key may be among them: destroy the disk too.',
    unsigned: (at: string) => `Not signed: gone on with after the power was back, done at ${at}.`, statement: 'Signed text (JWS):',
  },
} as const;

export interface WipeCertificateData extends Letterhead {
  claims: WipeClaims;
  jws: string;
  keys: KeySet;
  /** Where it was gone on with after a power cut: when that was done, which is not signed. */
  finishedAt: string | null;
}

/** Both languages, one after the other, in one file. */
export async function wipeCertificatePdf(data: WipeCertificateData, languages: readonly Language[]): Promise<Buffer> {
  const { claims, timeZone, finishedAt } = data;
  const [first = 'zh-CN'] = languages;
  const sheet = await Sheet.open({
    storeName: data.storeName, timeZone, language: first, title: WORDS[first].title, documentId: claims.jti, createdAt: claims.completedAt ?? claims.requestedAt,
  });
  sheet.attach('wipe.jws', 'application/jose', data.jws);
  sheet.attach('keys.json', 'application/json', JSON.stringify(data.keys));
  for (const [index, language] of languages.entries()) {
    const words = WORDS[language];
    if (index > 0) sheet.nextDocument(words.title);
    sheet.paragraph((claims.state === 'done' ? words.lead : words.begun)(data.storeName));
    sheet.heading(words.what);
    sheet.bullets(claims.destroyed.map((kind) => NAMES[language][kind]));
    const done = claims.completedAt ?? finishedAt;
    sheet.facts([
      [words.left, claims.left.length === 0 ? words.none : claims.left.join(', ')], [words.store, claims.storeId], [words.box, claims.boxId],
      [words.by, claims.requestedBy], [words.at, when(claims.requestedAt, timeZone, language)], [words.done, done === null ? null : when(done, timeZone, language)], [words.id, claims.jti],
    ]);
    if (finishedAt !== null) sheet.aside(words.unsigned(when(finishedAt, timeZone, language)));
    sheet.heading(words.keys);
    sheet.facts([
      [words.signing, claims.keys.signing], [words.database, claims.keys.database], [words.boxKey, claims.keys.box],
      [words.head, claims.audit === null ? null : `${claims.audit.seq} ${claims.audit.hash}`],
    ]);
    sheet.heading(words.check);
    for (const line of words.checkLines) sheet.paragraph(line);
    sheet.aside(words.limits);
  }
  sheet.fine(WORDS[first].statement, data.jws);
  return sheet.end();
}
