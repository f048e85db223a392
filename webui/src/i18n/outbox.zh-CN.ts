import type { Made, Work } from '../outbox/entry.js';
import type { Widen } from './zh-CN.js';

/** The words of what waits for the box. */
export const outboxZh = {
  outbox: {
    title: '等待同步',
    lead: '这些内容加密存放在这台 iPad 上，只有你能看到；连上门店盒后自动同步，最多保留 7 天。',
    empty: '全部已同步。',
    waiting: '{n} 条待同步',
    banner: '有 {n} 条待同步。',
    undecided: '{n} 条要处理',
    asOf: '这是{ago}读取的档案，恢复连接后会自动更新。',
    typed: '{ago}写的',
    state: { waiting: '待同步', sending: '同步中…', conflict: '有同事改了同一处', refused: '没有保存' },
    kind: {
      note: '备注', follow_up: '跟进', follow_up_done: '完成跟进', stage: '到店进展', wish: '心愿', purchase: '购买', ticket: '工单', look: '看货', customer: '修改档案', fields: '修改自定义栏目',
    } satisfies Record<Exclude<Work['kind'], 'made'> | Made['what'], string>,
    reached: '已到“{stage}”',
    notReached: '取消“{stage}”',
    copy: '复制文字',
    copied: '已复制',
    again: '再试一次',
    shared: '两人共用，保存',
    asNote: '存为备注',
    discard: '丢弃',
    discarded: '已丢弃',
    queued: '已存在这台 iPad 上，连上后自动同步。',
    conflictToast: '有一处和同事的修改不一致，请在档案里选一个。',
    over: '有 {n} 条没同步的内容超过 7 天，已从这台 iPad 删除。',
    needsBox: '现在没有连上门店盒。这一项不能留到以后自动提交，请恢复连接后再操作。',
    nothing: '（空）',
    due: '{day}前',
    yes: '是',
    no: '否',
    photo: '照片',
  },
};

/** The shape the other language must fill. */
export type OutboxMessages = Widen<typeof outboxZh>;
