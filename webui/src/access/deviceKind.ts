/** What to call the thing in the hand. Pure. An iPad says that it is a Mac, but no Mac has a touch screen. */
export function deviceKind({ userAgent, maxTouchPoints }: { userAgent: string; maxTouchPoints: number }): 'ipad' | 'other' {
  return /iPad/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1) ? 'ipad' : 'other';
}
