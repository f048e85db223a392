/** Words of the result that the box leaves on a stick. English sentences for codes are those of the table of errors. */
import type { AnyErrorCode } from '../appliance/kit/index.js';
import type { ProblemCode } from './problems.js';
import type { Outcome, StickReport, UpdateReport } from './report.js';

export type WarningCode = 'address_unknown' | 'not_sealed' | 'command_failed' | 'network_changed' | 'undo_later';
type Words = 'zh-CN' | 'en';

const OUTCOME_WORDS: Record<Words, Record<Outcome, string>> = {
  'zh-CN': {
    applied: '已生效。新设置正在使用。', refused: '未采用。盒子没有任何改动。',
    rolled_back: '已退回。新设置下盒子不正常，已恢复原来的设置（网络也已恢复）。', unchanged: '没有改动。',
  },
  en: {
    applied: 'Applied. The new settings are in use.', refused: 'Refused. Nothing on the box was changed.',
    rolled_back: 'Rolled back. The box was not well with the new settings and has those of before again, the network too.', unchanged: 'Nothing was changed.',
  },
};
const WIPED_WORDS = {
  'zh-CN': '盒子上的数据已全部销毁，证明文件在 U 盘上（portico-wipe-certificate.pdf）。重启后盒子是一台新盒子。',
  en: 'All data of this box are destroyed; the certificate is on the stick (portico-wipe-certificate.pdf). Started anew, it is a new box.',
} as const;

const SUPPORT_WORDS = { 'zh-CN': '已开启远程支持（SSH）。设置没有改动。', en: 'Support access (SSH) was opened. The settings were not changed.' } as const;

const DRY_RUN_WORDS = { 'zh-CN': '试运行：只看会发生什么，盒子没有任何改动。', en: 'Dry run: what would happen. Nothing on the box was changed.' } as const;

/** The first lines of the result: what became of the settings; none, where only an update was on the stick, which has a line of its own. */
export function headline({ outcome, requests, serial, problems, update, dryRun }: StickReport, words: Words): string[] {
  if (dryRun && outcome !== 'refused') return [DRY_RUN_WORDS[words]];
  if (requests.some(({ kind, done }) => kind === 'wipe' && done)) return [WIPED_WORDS[words]];
  if (serial === null && problems.length === 0 && update !== null && requests.length === 0) return [];
  // A door that opens is no "nothing".
  if (outcome === 'unchanged' && requests.some(({ kind, done }) => kind === 'support' && done)) return [SUPPORT_WORDS[words]];
  return [OUTCOME_WORDS[words][outcome]];
}

/** What became of the update on the stick, in a line. @param told the words for a code */
export function updateWords(update: UpdateReport | null, words: Words, told: (code: AnyErrorCode) => string): string[] {
  if (update === null) return [];
  const { outcome, code, due } = update;
  const [from, to] = [update.from ?? '?', update.to ?? update.file];
  const why = code === null ? '' : told(code);
  const zh = {
    applied: `更新：版本 ${to} 正在运行。`,
    waiting: due === null
      ? `更新：版本 ${to} 已核验并保存，但营业时间里没有打烊的时候。请在盒子上执行 portico update apply --now，或改营业时间。`
      : `更新：版本 ${to} 已核验并保存，将在非营业时间自动安装，预计门店时间 ${due}。现在可以拔下 U 盘，请勿断电。`,
    refused: `更新：没有安装 ${to}。${why}`, rolled_back: `更新：版本 ${to} 运行不正常，已退回 ${from}。${why}`,
    left: `更新：没有处理 ${to}，先解决 U 盘上的其他问题。`, looked_at: `更新：版本 ${to} 可以安装，现在是 ${from}。`,
  };
  const en = {
    applied: `Update: version ${to} runs.`,
    waiting: due === null
      ? `Update: version ${to} is genuine and kept, but by its opening hours the store never closes. Say "portico update apply --now" on the box, or change the hours.`
      : `Update: version ${to} is genuine and kept. It is applied by itself outside opening hours, at about ${due} by the store's clock. The stick may be pulled out; leave the box switched on.`,
    refused: `Update: ${to} was not applied. ${why}`, rolled_back: `Update: the box was not well with version ${to} and runs ${from} again. ${why}`,
    left: `Update: ${to} was left alone. Put the rest of the stick right first.`, looked_at: `Update: version ${to} would do; ${from} runs now.`,
  };
  return [(words === 'en' ? en : zh)[outcome]];
}

export const REQUEST_WORDS = {
  'zh-CN': { wipe: '清除数据', support: '远程支持（SSH）' },
  en: { wipe: 'Wipe', support: 'Support access (SSH)' },
} as const;

export const WARNING_WORDS: Record<'zh-CN' | 'en', Record<WarningCode, string>> = {
  'zh-CN': {
    address_unknown: '现在查不到这个主机的地址，盒子暂时连不上它；盒子每小时会再查一次，查到后就能连上', not_sealed: '这台机器不能密封密钥，密钥以只有系统可读的文件保存',
    command_failed: '这条命令没有成功',
    network_changed: '网络设置变了。盒子只能检查自己，看不到 iPad 能不能连上它。如果 iPad 连不上，请把原来的设置重新签名（序号会变大），插上那个 U 盘',
    undo_later: '恢复原设置还没有完成，请腾出空间并重启盒子，启动时会接着做完',
  },
  en: {
    address_unknown: 'the address of this host is not known now, so the box cannot reach it; it looks again each hour',
    not_sealed: 'this machine cannot seal secrets; they lie in files that only root reads', command_failed: 'this command did not succeed',
    network_changed: 'the network settings changed. The box looks only at itself; whether the iPads reach it, it cannot see. If they do not, sign the former settings anew, which gives them a new serial, and plug that stick in',
    undo_later: 'putting back the settings of before did not come to its end; make room and start the box anew, it goes on then',
  },
};

export const CODE_WORDS_ZH: Partial<Record<AnyErrorCode, string>> = {
  stick_not_found: 'U 盘上没有给盒子的文件（portico.yaml）。',
  stick_unsigned: '文件没有签名。请在存有组织密钥的电脑上运行 portico stick sign。',
  stick_signature_wrong: '签名与文件不符：签名后改过文件，或用了别的密钥。请重新签名。',
  stick_other_organisation: '这台盒子属于另一个组织：它的第一个 U 盘是用另一把密钥签的。',
  stick_serial_old: '这个 U 盘比上次采用的旧，或序号相同而内容不同。请重新签名。',
  stick_file_refused: 'U 盘上有文件没有读取：太大、是链接，或不是普通文件。',
  stick_invalid: '设置文件有错，全部列在下面（行和列）。',
  stick_secret_unreadable: '文件里的密文不是加密给这台盒子的。请用 U 盘上 box.json 里的 recipient 重新加密。',
  stick_apply_failed: '新设置下盒子不正常，已退回原来的设置。',
  stick_interrupted: '处理到一半被中断，盒子保持原来的设置。请重新插入 U 盘。',
  support_not_opened: 'SSH 或到时关闭它的定时器没有启动，所以没有开放登录。请确认已安装 openssh-server，再重新插入 U 盘。',
  stick_request_refused: '这份请求不是给这台盒子的，或者已经过期。请重新制作。',
  stick_not_written: '结果没能写到 U 盘上：已满、写保护或已拔出。已生效的设置不受影响。',
  stick_busy: '正在处理另一个 U 盘，请等它结束。',
  update_unsigned: '更新文件不是本组织签名的，或盒子还不属于任何组织（先插设置 U 盘）。',
  update_older: '这个版本不比盒子用过的新。盒子不会用更新退回旧版本。',
  update_needs_another: '要先安装中间的版本。',
  update_other_machine: '这个更新是给另一种机器的。',
  update_damaged: '更新文件不完整或已损坏，请重新复制。',
  update_no_room: '硬盘空间不够，没有安装。',
  update_rehearsal_failed: '新版本在数据副本上试运行没有通过，盒子没有任何改动。',
  update_health_failed: '新版本下盒子不正常，已退回原来的版本。这个 U 盘上的同一版本不会再试。',
  update_deletions_unread: '已退回原来的版本，但读不出新版本运行期间删除了什么，因此已删除全部人脸。请重新征得顾客同意并录入；期间删除过的档案，请按删除回执再删一次。',
  update_interrupted: '更新中断，仍是原来的版本。请重新插入 U 盘。',
  update_running: '盒子正在更新。请等更新结束，再重新插入 U 盘。',
  wipe_refused: '没有清除，盒子没有任何改动：数据库打不开，不能开具证明，或数据不能从这里销毁。仍要清除、不要证明时，请在盒子上执行 portico wipe --confirm 门店编号 --without-certificate。',
  wipe_incomplete: '没有全部清除干净，剩余项目已列出：请销毁硬盘。',
  wipe_not_confirmed: '清除请求没有写明这台盒子。',
  box_key_missing: '盒子还没有自己的密钥：请运行 portico provision firstboot，或重启盒子。',
  box_key_unreadable: '盒子的密钥打不开：它是在别的机器上密封的，或主机密钥已丢失。请用备份恢复。',
  box_key_unsealed: '盒子的密钥是用空密钥密封的，等于没有加密，不予采用。',
  model_corrupt: '模型文件与清单不符。请重新复制。',
  model_missing: '模型包里缺少文件。请重新复制。',
  model_licence_missing: '模型清单没有写明许可。',
  model_uncalibrated: '模型包没有校准数据，盒子不会使用。',
  storage_full: '盒子的硬盘已满，没有保存任何内容。',
};

export const PROBLEM_WORDS_ZH: Record<ProblemCode, string> = {
  file_missing: '缺少这个文件。', file_refused: '没有读取这个文件：是链接或不是普通文件。', file_too_large: '文件太大。', file_twice: '同一个文件有两份（只差大小写），请删掉一份。',
  encoding: '编码不对。请在编辑器里“另存为”，编码选 UTF-8。', empty: '文件是空的。', too_complicated: '内容远超设置所需，是否拷错了文件？',
  other_kind: '这个文件是别的用途（kind 不符）。', other_version: '文件版本不符（version）。',
  syntax: 'YAML 写法有错：检查缩进、引号、括号。', tab: '行首用了制表符，请改成空格。', duplicate_key: '这一项写了两次，请只留一个。', several_documents: '文件里有两份文档（---），请只留一份。',
  alias: '不能使用 * 和 & 简写，请写全或加引号。', tag: '不能使用 ! 标记，请去掉或加引号。',
  unknown_key: '没有这个设置项，请检查拼写。', missing_key: '缺少必填项。', wrong_type: '类型不对。', wrong_value: '值不对。', contradiction: '与其他设置互相矛盾。', unsigned: '没有签名。', signature_wrong: '签名与文件不符。', other_organisation: '是另一个组织签的。', over: '已经过期。', more_problems: '后面还有问题，请先改好以上各处。',
};
