import type { AccessCopy, Language } from '../contract/index.js';
import { onDay } from './when.js';

const WORDS = {
  'zh-CN': {
    wishes: '心愿单', purchases: '购买与退货', tickets: '服务工单', appointments: '预约', files: '文件', arrivedOn: (at: string) => `${at} 已到货`, met: '已买到', dropped: '不再需要',
    pieces: (n: number) => `${n} 件`, receiptNo: (no: string) => `小票号 ${no}`, back: (n: number, amount: string, at: string) => `${at} 退货 ${n} 件，退款 ${amount}`,
    ticketState: { open: '处理中', waiting: '等待中', ready: '可取', done: '已完成' }, appointmentState: { planned: '已约', kept: '已到', missed: '未到', cancelled: '已取消' },
    minutes: (n: number) => `${n} 分钟`,
    due: (day: string) => `应于${day}前完成`, done: (at: string) => `已于 ${at} 完成`, by: (name: string) => `记录人：${name}`, adviser: (name: string) => `顾问：${name}`,
  },
  en: {
    wishes: 'Wish list', purchases: 'Purchases and returns', tickets: 'Service tickets', appointments: 'Appointments', files: 'Files', arrivedOn: (at: string) => `arrived ${at}`, met: 'bought', dropped: 'no longer wanted',
    pieces: (n: number) => `${n} ×`, receiptNo: (no: string) => `receipt ${no}`, back: (n: number, amount: string, at: string) => `returned ${at}: ${n} ×, ${amount}`,
    ticketState: { open: 'open', waiting: 'waiting', ready: 'ready', done: 'done' }, appointmentState: { planned: 'planned', kept: 'kept', missed: 'missed', cancelled: 'cancelled' },
    minutes: (n: number) => `${n} min`,
    due: (day: string) => `due ${day}`, done: (at: string) => `done ${at}`, by: (name: string) => `by ${name}`, adviser: (name: string) => `adviser: ${name}`,
  },
} as const;

/** Wishes, purchases, tickets, appointments and the list of files, for the access copy. @param at writes an instant out */
export async function dealingSections(
  section: (title: string, rows: readonly (readonly [string, string])[]) => Promise<void>, { dossier, currency }: AccessCopy, at: (instant: string) => string, language: Language,
): Promise<void> {
  const words = WORDS[language];
  const joined = (...parts: (string | null)[]) => parts.filter((part) => part !== null && part !== '').join(language === 'en' ? '; ' : '；');
  const format = new Intl.NumberFormat(language, { style: 'currency', currency, currencyDisplay: 'code' });
  const money = (minor: number) => format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
  await section(words.wishes, dossier.wishes.map((wish) => [at(wish.at), joined(
    wish.text, wish.arrivedAt === null ? null : words.arrivedOn(at(wish.arrivedAt)),
    wish.ended === null ? null : `${wish.ended.outcome === 'bought' ? words.met : words.dropped} ${at(wish.ended.at)}`, words.by(wish.by))]));
  await section(words.purchases, dossier.purchases.map((purchase) => [at(purchase.at), joined(
    purchase.text, words.pieces(purchase.quantity), money(purchase.amountMinor), purchase.receiptNo === null ? null : words.receiptNo(purchase.receiptNo), words.by(purchase.by),
    ...purchase.returns.map((back) => words.back(back.quantity, money(back.amountMinor), at(back.at))))]));
  await section(words.tickets, dossier.tickets.map((ticket) => [at(ticket.at), joined(
    ticket.subject, ticket.detail, words.ticketState[ticket.state], ticket.dueOn === null ? null : words.due(onDay(ticket.dueOn, language)),
    ticket.doneAt === null ? null : words.done(at(ticket.doneAt)), words.by(ticket.by))]));
  await section(words.appointments, dossier.appointments.map((appointment) => [at(appointment.at), joined(
    appointment.subject, words.minutes(appointment.minutes), words.appointmentState[appointment.state],
    appointment.adviser === null ? null : words.adviser(appointment.adviser.name), words.by(appointment.by))]));
  await section(words.files, dossier.files.map((file) => [at(file.at), joined(file.name, file.mime === 'application/pdf' ? 'PDF' : 'JPEG', `${Math.ceil(file.bytes / 1_000)} kB`, words.by(file.by))]));
}
