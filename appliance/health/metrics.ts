import { performance } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { CHECK_STATES, type BoxHealth, type BoxReport } from '../contract/index.js';

/** From a fast box's 20 ms to a second, after which a card comes too late for a greeting. */
const FRAME_BUCKETS_S = [0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.35, 0.6, 1, 2];

/** What is read when somebody asks. */
export interface MetricSources {
  health: () => BoxHealth;
  report: () => BoxReport;
  queueLength: () => number;
  visitsOpen: () => number | null;
  databaseBytes: () => number | null;
  backupFinishedMs: () => number | null;
  nowMs: () => number;
}

/** Numbers for Prometheus, about nobody: no label has an id, a name or an address in it. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #sources: MetricSources;
  readonly #frames: Histogram;
  readonly #answers: Counter<'class'>;

  constructor(sources: MetricSources) {
    this.#sources = sources;
    const registers = [this.#registry];
    this.#frames = new Histogram({ name: 'portico_frame_seconds', help: 'From a frame received to its answer.', buckets: FRAME_BUCKETS_S, registers });
    this.#answers = new Counter({ name: 'portico_http_responses_total', help: 'Answers by class of status.', labelNames: ['class'], registers });
    this.#gauges();
  }

  /** @param tookMs from a frame received to its answer */
  frame(tookMs: number): void {
    this.#frames.observe(tookMs / 1000);
  }

  /** @param status of an HTTP answer */
  answered(status: number): void {
    this.#answers.inc({ class: `${Math.floor(status / 100)}xx` });
  }

  /** In the text form of Prometheus, 0.0.4. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauges(): void {
    const { health, report, queueLength, visitsOpen, databaseBytes, backupFinishedMs, nowMs } = this.#sources;
    const registers = [this.#registry];
    const gauge = (name: string, help: string, value: () => number | null) => new Gauge({
      name, help, registers,
      collect() {
        const now = value();
        if (now === null) this.remove(); // not known: no line
        else this.set(now);
      },
    });
    gauge('process_resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
    gauge('process_uptime_seconds', 'Since the process started.', () => process.uptime());
    gauge('process_cpu_seconds', 'Time that all threads have had a core for, since the start.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    let last = performance.eventLoopUtilization();
    gauge('portico_event_loop_busy_ratio', 'Share of the time in which the main thread worked, since it was last asked.', () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    });
    gauge('portico_cameras', 'Connected cameras.', () => health().cameras);
    gauge('portico_frames_seen', 'Frames looked at since the start.', () => health().framesSeen);
    gauge('portico_frames_dropped', 'Frames that a newer one replaced, since the start.', () => health().framesDropped);
    gauge('portico_vision_queue', 'Pictures that wait for a vision worker.', queueLength);
    gauge('portico_visits_open', 'Visits under way.', visitsOpen);
    gauge('portico_database_bytes', 'Size of both files on the disk, with their logs.', databaseBytes);
    gauge('portico_backup_age_seconds', 'Since the last good backup.', () => {
      const finished = backupFinishedMs();
      return finished === null ? null : (nowMs() - finished) / 1000;
    });
    const checks = new Gauge({
      name: 'portico_check', help: 'How each check stands: 1 for the state that it is in.', labelNames: ['check', 'state'], registers,
      collect() {
        for (const { id, state } of report().checks) for (const each of CHECK_STATES) checks.set({ check: id, state: each }, each === state ? 1 : 0);
      },
    });
  }
}
