/** What the product must reach, from the tracker's second and fifth issues, held against what was measured. */

/** The keys that targets look at; a part that was not run leaves its keys out. */
export interface Measured {
  frame_ms?: number; models_ms?: number; frame5_ms?: number; models5_ms?: number; face_api_ms?: number; human_ms?: number;
  search_ms?: Record<string, number>; search_p50_ms?: Record<string, number>; recall_at_1?: Record<string, number>;
  sqlite_vec_p50_ms?: Record<string, number>;
  ready_s?: number;
  fanout_ms?: { p50: number }; fanout_floor_ms?: { p50: number };
  desk_ms?: Record<string, number>;
  loop_p99_ms?: { idle: number; load: number };
}
export interface Target { value: number; limit: string; ok: boolean }

type Limit = readonly [name: string, value: number | undefined, sign: '<=' | '>=', limit: number];

/** One entry for each target whose parts were measured. */
export function heldAgainstTargets(m: Measured): Record<string, Target> {
  const limits: Limit[] = [
    ['frame_over_models', ratio(m.frame_ms, m.models_ms), '<=', 1.5],
    ['frame5_over_models5', ratio(m.frame5_ms, m.models5_ms), '<=', 1.25],
    ['face_api_over_frame', ratio(m.face_api_ms, m.frame_ms), '>=', 20],
    ['human_over_frame', ratio(m.human_ms, m.frame_ms), '>=', 8],
    ['search_p95_ms_10k', m.search_ms?.['10k'], '<=', 0.6],
    ['search_p95_ms_100k', m.search_ms?.['100k'], '<=', 2],
    ['search_p95_ms_1M', m.search_ms?.['1M'], '<=', 20],
    ...Object.entries(m.recall_at_1 ?? {}).map(([size, recall]): Limit => [`recall_at_1_${size}`, recall, '>=', 0.999]),
    ['sqlite_vec_over_search_10k', ratio(m.sqlite_vec_p50_ms?.['10k'], m.search_p50_ms?.['10k']), '>=', 40],
    ['sqlite_vec_over_search_100k', ratio(m.sqlite_vec_p50_ms?.['100k'], m.search_p50_ms?.['100k']), '>=', 80],
    ['ready_s', m.ready_s, '<=', 2],
    ['fanout_over_floor', ratio(m.fanout_ms?.p50, m.fanout_floor_ms?.p50), '<=', 1.5],
    ...Object.entries(m.desk_ms ?? {}).map(([kind, p95]): Limit => [`desk_p95_ms_${kind}`, p95, '<=', 100]),
    ['loop_p99_load_less_idle_ms', m.loop_p99_ms === undefined ? undefined : m.loop_p99_ms.load - m.loop_p99_ms.idle, '<=', 2],
  ];
  return Object.fromEntries(limits.flatMap(([name, value, sign, limit]) => {
    if (value === undefined) return [];
    const ok = sign === '<=' ? value <= limit : value >= limit;
    return [[name, { value: Number(value.toFixed(3)), limit: `${sign} ${limit}`, ok }]];
  }));
}

function ratio(over: number | undefined, under: number | undefined): number | undefined {
  return over === undefined || under === undefined ? undefined : over / under;
}
