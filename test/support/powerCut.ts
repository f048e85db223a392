/** The power goes while a stick is applied: real processes, killed before a step of their own. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { applyStick, openBox, settleBox } from '../../provisioning/box.js';
import { everything, newBox, NOW, put, secretFor, settingsText } from './stick.js';
import { temporaryDirectory, TestClock } from './scratch.js';

const CHILD = fileURLToPath(new URL('./provisionChild.js', import.meta.url));
/** Children at a time; the machine for which this is meant has two cores. */
const ABREAST = 3;
/** After every so many of the cuts the stick is plugged in again. */
const AGAIN_EVERY = 5;


/** @returns whether it was killed at the step; false: it had fewer */
export function killAt(what: 'apply' | 'settle' | 'firstboot', root: string, stick: string, step: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, what, root, stick, String(NOW), String(step)], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(true);
      else if (code === 0) resolve(false);
      else reject(new Error(`ended with ${code}`));
    });
  });
}

/** What a box is, for whoever uses it: not its own notes on the way. Sealed bytes differ each time, and stand for what they hold. */
export function stateOf(root: string): Map<string, string> {
  const files = everything(root, /\/(portico-box\/(public|outbox|generations)|run)\//);
  for (const [name] of files) if (name.includes('credstore')) files.set(name, 'sealed');
  return files;
}

/** Traces of something unfinished. */
export function leftovers(root: string): string[] {
  const box = join(root, 'var/lib/portico-box');
  return [
    ...readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.new')),
    ...['journal.json', 'staging'].filter((name) => existsSync(join(box, name))),
  ];
}

export async function inTurn(steps: number, work: (step: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: ABREAST }, async () => { while (next < steps) await work(next++); }));
}

/** How many steps something takes on a copy of the box. */
export async function countSteps(root: string, run: (copy: string, at: (step: string) => void) => Promise<unknown>): Promise<string[]> {
  const steps: string[] = [];
  const copy = `${root}-counted`;
  cpSync(root, copy, { recursive: true });
  await run(copy, (step) => steps.push(step));
  rmSync(copy, { recursive: true });
  return steps;
}

/** Cuts a stick off before each of its steps, on a copy of the box each. @param first the box has had none before */
export async function cutEverywhere(t: Test, first: boolean): Promise<void> {
  const box = await newBox(t);
  if (!first) {
    put(box.stick, settingsText(1));
    await box.apply();
  }
  const backup = `backup: { recipient: ${box.first.recipient}, to: "sftp://portico@10.1.2.3/backups", hostKey: "SHA256:${'A'.repeat(43)}" }\n`;
  const sftp = `secrets:\n  sftpKey: |\n${await secretFor(box.first.recipient, 'a key')}`;
  put(box.stick, settingsText(2, `${backup}${sftp}`, '新名字').replace(/ {2}ntp.*\n/, ''));
  const clock = new TestClock(NOW);
  const applyTo = async (root: string, at?: (step: string) => void) => {
    const opened = await openBox(root, box.stick, { clock, ...(at === undefined ? {} : { at }) });
    return applyStick({ ...opened, stick: box.stick, dryRun: false, version: '0.1.0' });
  };
  const steps = await countSteps(box.root, applyTo);
  const done = `${box.root}-done`;
  cpSync(box.root, done, { recursive: true });
  await applyTo(done);
  const [old, young] = [stateOf(box.root), stateOf(done)];
  t.notSame(old, young);
  t.ok(steps.length > 25, `${steps.length} steps`);

  const seen = { old: 0, young: 0 };
  await inTurn(steps.length, async (step) => {
    const copy = join(temporaryDirectory(t), 'box');
    const stick = `${copy}-stick`;
    cpSync(box.root, copy, { recursive: true });
    cpSync(box.stick, stick, { recursive: true });
    if (!(await killAt('apply', copy, stick, step))) throw new Error(`it has no step ${step}`);
    const { stick: settled } = await settleBox(await openBox(copy, stick, { clock }));
    const state = stateOf(copy);
    const which = sameAs(state, old) ? 'old' : sameAs(state, young) ? 'young' : null;
    if (which === null) t.strictSame([...state], [...young], `cut before "${steps[step]!.replace(copy, '')}": neither old nor new (${settled})`);
    else seen[which] += 1;
    t.strictSame(leftovers(copy), [], `nothing unfinished is left (cut at ${step})`);
    if (step % AGAIN_EVERY !== 0) return;
    const again = await applyStick({ ...(await openBox(copy, stick, { clock })), stick, dryRun: false, version: '0.1.0' });
    t.equal(again.outcome, which === 'old' ? 'applied' : 'unchanged', 'plugged in again it goes through');
    t.ok(sameAs(stateOf(copy), young));
  });
  t.ok(seen.old > 10 && seen.young > 3, JSON.stringify(seen));
}

/** Whether two boxes are the same. */
export const sameAs = (a: Map<string, string>, b: Map<string, string>): boolean => a.size === b.size && [...a].every(([name, bytes]) => b.get(name) === bytes);
