/** Suggestions: what staff say to one, and the words of each kind. */
import type { GreetingChange, GreetingWords, SuggestionKind, SuggestionVerdict, VisitCard } from '../contract.js';
import { call } from './client.js';

export const greetings = {
  all: () => call<GreetingWords[]>('GET', '/greetings'),
  change: (kind: SuggestionKind, change: GreetingChange) => call<GreetingWords>('PUT', `/greetings/${kind}`, { json: change }),
  judge: (visitId: string, verdict: SuggestionVerdict) => call<VisitCard>('POST', `/visits/${encodeURIComponent(visitId)}/suggestion`, { json: verdict }),
} as const;
