export type ScoreWord = 'very_close' | 'close' | 'fair';

/** A cosine in words. Strangers seldom reach .5; a good match of three photos is mostly above .6. */
export function scoreWord(score: number): ScoreWord {
  if (score >= 0.6) return 'very_close';
  return score >= 0.5 ? 'close' : 'fair';
}
