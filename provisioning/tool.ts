import { spawn } from 'node:child_process';

export interface ToolResult {
  /** Null: it could not be started, or a signal ended it. */
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

/** What a tool may print, bytes. The largest that is read is a sealed key. */
const OUTPUT_MAX = 1_048_576;

/**
 * Runs a tool of the system to its end. Secrets go in by standard input and come out by standard output, never as arguments.
 * @param options.environment instead of this process's own
 * @param options.timeoutMs default: a minute; then it is ended
 */
export function runTool(command: string, args: readonly string[], options: { input?: Uint8Array; environment?: Record<string, string>; timeoutMs?: number } = {}): Promise<ToolResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: 'pipe', timeout: options.timeoutMs ?? 60_000, killSignal: 'SIGKILL', ...(options.environment === undefined ? {} : { env: options.environment }),
    });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    let bytes = 0;
    const into = (chunks: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= OUTPUT_MAX) chunks.push(chunk);
      else child.kill('SIGKILL');
    };
    child.stdout.on('data', into(out));
    child.stderr.on('data', into(errors));
    child.stdin.on('error', () => undefined); // it ended without reading
    child.once('error', () => resolve({ code: null, stdout: Buffer.alloc(0), stderr: `${command} is not there` }));
    child.once('close', (code) => resolve({ code, stdout: Buffer.concat(out), stderr: Buffer.concat(errors).toString('utf8').trim() }));
    child.stdin.end(options.input);
  });
}
