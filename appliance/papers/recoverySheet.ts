import { createHash } from 'node:crypto';
import type { Language } from '../contract/index.js';
import { Sheet, type Letterhead } from './sheet.js';
import { when } from './when.js';

export interface RecoverySheetData extends Letterhead {
  /** AGE-SECRET-KEY-1...: who has it can open every backup of the store. */
  identity: string;
  /** age1...: what the box has. */
  recipient: string;
  createdAt: string;
}

/** Letters of a key that stand together on paper. */
const GROUP = /.{1,6}/g;

/** Eight digits by which a typed key is told from one with a slip: the beginning of its SHA-256. @param identity as it is written, in capitals */
export function checkLineOf(identity: string): string {
  return createHash('sha256').update(identity).digest('hex').slice(0, 8).toUpperCase().replace(/(.{4})(.{4})/, '$1 $2');
}

const WORDS = {
  'zh-CN': {
    title: '备份恢复密钥', banner: '绝密：持有本页者可以打开本店的全部备份',
    lead: '门店盒每晚的备份用本店的公钥加密，只有本页上的私钥能打开。门店盒里没有这把私钥，任何人也无法重新算出它：本页丢失，备份就永远打不开了。',
    key: '私钥', qr: '扫描此码得到私钥全文。只用离线的电脑扫描，不要用会上传内容的手机应用。',
    typed: '也可以照下面逐字输入（空格不输入，字母均为大写）：', check: '校验码', recipient: '公钥（制作 U 盘时填入 --backup-recipient）', createdAt: '生成时间', signer: '门店盒的签名指纹（第一次备份后抄写，portico backup verify 会显示；恢复前核对）',
    where: '放在哪里', whereLines: [
      '打印两份，分别装入信封封好，放进两处上锁的地方，例如门店保险柜和总部保险柜；不要放在门店盒旁边。',
      '打印后删除电脑上的 PDF；私钥文件只留在离线保存的 U 盘里，或者也删除。不要拍照、不要发邮件或微信。',
      '写下谁取用过、什么时候、为什么。怀疑有人看过，就生成新密钥、换进门店盒，再销毁旧备份和旧密钥。',
    ],
    use: '怎样使用', useLines: [
      '把私钥输入一个文本文件，例如 store.key，然后核对：portico backup key check store.key，显示的校验码和公钥应与本页一致。',
      '检查一份备份：portico backup verify 备份文件 --key store.key',
      '在新的门店盒上恢复：systemctl stop portico，再 portico restore 备份文件 --key store.key。步骤见 Portico 的 docs/backup.zh-CN.md，建议每半年演练一次。',
      '没有 Portico 时，通用工具 age（age-encryption.org）也能用这把私钥解密。',
    ],
    shred: '用完后删除 store.key。',
  },
  en: {
    title: 'Recovery key for backups', banner: 'Secret: whoever has this page can open every backup of this store',
    lead: 'The box encrypts its backups to the store\'s public key each night, and only the private key on this page opens them. The box does not have it, and nobody can work it out again: if this page is lost, the backups stay closed for ever.',
    key: 'Private key', qr: 'Scan this code for the whole private key. Scan it with a computer that is offline, not with an app that sends what it sees.',
    typed: 'Or type it as it stands here (no spaces, capital letters only):', check: 'Check', recipient: 'Public key (--backup-recipient when the stick is made)', createdAt: 'Made at', signer: 'The box\'s signing thumbprint (write it here after the first backup, "portico backup verify" shows it; compare before a restore)',
    where: 'Where to keep it', whereLines: [
      'Print two, seal each in an envelope, and lock them up in two places, such as the store\'s safe and head office\'s; not beside the box.',
      'Then delete the PDF from the computer; keep the key file on a USB stick that is locked away, or delete it too. No photos, no mail, no messages.',
      'Write down who took it out, when and why. If somebody may have seen it, make a new key, give it to the box, then destroy the old backups and the old key.',
    ],
    use: 'How to use it', useLines: [
      'Type the private key into a text file, such as store.key, and check it: portico backup key check store.key has to show the check and the public key of this page.',
      'Look at a backup: portico backup verify FILE --key store.key',
      'Restore it on a new box: systemctl stop portico, then portico restore FILE --key store.key. The steps are in docs/backup.md of Portico; practise them twice a year.',
      'Without Portico the common tool age (age-encryption.org) decrypts with this key too.',
    ],
    shred: 'Delete store.key when you are done.',
  },
} as const;

/** The sheet that a store locks away. Holds the private key: whoever makes it hands it over and keeps no copy. */
export async function recoverySheetPdf(data: RecoverySheetData, language: Language): Promise<Buffer> {
  const words = WORDS[language];
  const sheet = await Sheet.open({ ...data, language, title: words.title, documentId: checkLineOf(data.identity), banner: words.banner });
  sheet.paragraph(words.lead);
  sheet.heading(words.key, 220);
  await sheet.qr(data.identity, [words.qr, words.typed, data.identity.replace(/^.*-1/, '$& ').split(' ').flatMap((part, index) => (index === 0 ? [part] : part.match(GROUP) ?? [])).join(' ')], 150);
  sheet.facts([[words.check, checkLineOf(data.identity)], [words.createdAt, when(data.createdAt, data.timeZone, language)]]);
  sheet.fine(words.recipient, data.recipient);
  sheet.fine(words.signer, '_'.repeat(43));
  sheet.heading(words.where);
  sheet.bullets(words.whereLines);
  sheet.heading(words.use);
  sheet.bullets(words.useLines);
  sheet.paragraph(words.shred);
  return sheet.end();
}
