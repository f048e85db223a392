/** Child processes of the bench: a ready message, questions with a number for an answer, an end. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How long a child may take to be ready, to answer, and to leave when told. */
const READY_DEADLINE_MS = 60_000;
const ANSWER_DEADLINE_MS = 30_000;
const LEAVE_DEADLINE_MS = 10_000;

type Question = { id: number; ask: string; value: number } | 'leave';
type FromChild = { ready: Record<string, string> } | { id: number; answer: number };

/** In the child: says what it is, answers, leaves when told or when the parent is gone. */
export function answerQuestions(ready: Record<string, string>, answers: Record<string, (value: number) => number>, stop: () => unknown): void {
  const tell = (message: FromChild) => process.send!(message);
  const leave = async () => {
    await stop();
    process.exit(0);
  };
  process.on('message', (question: Question) => {
    if (question === 'leave') void leave();
    else tell({ id: question.id, answer: answers[question.ask]!(question.value) });
  });
  process.on('disconnect', () => void leave());
  tell({ ready });
}

const running = new Set<ChildProcess>();
process.on('exit', cutOffAll);

/** One that does not speak as those here do, and must not go on alone either. */
export function cutOffWithOthers(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

/** Ends every child at once: whoever waits for one of them, or for one of its sockets, is told. */
export function cutOffAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** In the bench: one child process that it started. */
export class Child {
  readonly #process: ChildProcess;
  #nextId = 1;
  /** What the child said when it was ready. */
  readonly ready: Record<string, string>;

  private constructor(process: ChildProcess, ready: Record<string, string>) {
    this.#process = process;
    this.ready = ready;
  }

  /**
   * Starts `entry` (a file beside this one) and waits until it is ready.
   * @param settings the child's whole environment, beside PATH and the temporary folder's name
   */
  static async start(entry: string, settings: Record<string, string>): Promise<Child> {
    const inherited = Object.fromEntries(['PATH', 'TMPDIR', 'HOME'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
    const child = fork(new URL(entry, import.meta.url), { execArgv: [], env: { ...inherited, ...settings }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    cutOffWithOthers(child);
    const { ready } = await heard(child, READY_DEADLINE_MS, (message): message is { ready: Record<string, string> } => 'ready' in message);
    return new Child(child, ready);
  }

  async ask(ask: string, value = 0): Promise<number> {
    const id = this.#nextId++;
    const answered = heard(this.#process, ANSWER_DEADLINE_MS, (message): message is { id: number; answer: number } => 'id' in message && message.id === id);
    this.#process.send({ id, ask, value } satisfies Question);
    return (await answered).answer;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    const cutOff = setTimeout(() => this.#process.kill('SIGKILL'), LEAVE_DEADLINE_MS);
    if (this.#process.connected) this.#process.send('leave' satisfies Question);
    await gone;
    clearTimeout(cutOff);
  }
}

function heard<T extends FromChild>(child: ChildProcess, deadlineMs: number, wanted: (message: FromChild) => message is T): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(deadline);
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const onMessage = (message: FromChild) => {
      if (!wanted(message)) return;
      settle();
      resolve(message);
    };
    const onExit = (code: number | null) => { settle(); reject(new Error(`a child process of the bench ended with ${code}`)); };
    const deadline = setTimeout(() => { settle(); reject(new Error(`a child process of the bench said nothing for ${deadlineMs} ms`)); }, deadlineMs);
    child.on('message', onMessage);
    child.once('exit', onExit);
  });
}
