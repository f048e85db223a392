import type { Language, Visit, VisitStage } from '../contract/index.js';

interface Words {
  served: (name: string, from: string, to: string | null) => string; handedOver: (to: string | null, note: string | null) => string;
  looked: (name: string, from: string, to: string | null) => string; reached: (stages: string) => string; between: string; stage: Record<VisitStage, string>;
}
const WORDS: Record<Language, Words> = {
  'zh-CN': {
    served: (name, from, to) => `${name}接待，${from} 起${to === null ? '' : `，至 ${to}`}`, handedOver: (to, note) => `，交接给${to ?? '其他店员'}${note === null ? '' : `：${note}`}`,
    looked: (name, from, to) => `看过${name}，${from} 起${to === null ? '' : `，至 ${to}`}`, reached: (stages) => `进展：${stages}`, between: '、',
    stage: { discover: '发现', register: '建档', arrive: '到店', attract: '感兴趣', complete: '成交', reflect: '小结' },
  },
  en: {
    served: (name, from, to) => `served by ${name} from ${from}${to === null ? '' : ` to ${to}`}`, handedOver: (to, note) => `, handed over to ${to ?? 'other staff'}${note === null ? '' : `: ${note}`}`,
    looked: (name, from, to) => `looked at ${name} from ${from}${to === null ? '' : ` to ${to}`}`, reached: (stages) => `stages: ${stages}`, between: ', ',
    stage: { discover: 'discovered', register: 'on file', arrive: 'arrived', attract: 'interested', complete: 'bought', reflect: 'noted' },
  },
};

/** What happened in a visit, a line each: who served, what was looked at, how far it got. */
export function happenedIn(visit: Visit, language: Language, at: (instant: string) => string): string[] {
  const words = WORDS[language];
  const until = (to: string | null) => (to === null ? null : at(to));
  return [
    ...visit.services.map(({ by, from, to, handedOver }) =>
      words.served(by.name, at(from), until(to)) + (handedOver === null ? '' : words.handedOver(handedOver.to?.name ?? null, handedOver.note))),
    ...visit.looks.map((look) => words.looked(look.productName, at(look.beganAt), until(look.endedAt))),
    ...(visit.stages.length === 0 ? [] : [words.reached(visit.stages.map(({ stage }) => words.stage[stage]).join(words.between))]),
  ];
}
