/** How long, in whole minutes; a clock of the iPad that is behind the box makes nothing negative. Pure. */
export const stayMinutes = (fromIso: string, toMs: number): number => Math.max(0, Math.floor((toMs - Date.parse(fromIso)) / 60_000));
