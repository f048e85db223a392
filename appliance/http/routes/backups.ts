import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Backups } from '../../backup/index.js';
import { BackupRun, Backups as BackupsOnWire } from '../../contract/index.js';
import { actorOf } from '../guards.js';

/** What is backed up, when and how it went; and one more at once. Where it goes is IT's, on the stick. */
export const backupRoutes = ({ backups }: { backups: Backups }): FastifyPluginAsyncTypebox => async (app) => {
  const config = { permission: 'look_after_box' } as const;

  app.get('/box/backups', {
    config: { ...config, unattended: true }, schema: { tags: ['box'], summary: 'Backups, newest first', response: { 200: BackupsOnWire } },
  }, async () => backups.state());

  app.post('/box/backups', {
    config, schema: { tags: ['box'], summary: 'Make a backup now; it goes on by itself, its run tells how it went', response: { 202: BackupRun } },
  }, async (request, reply) => reply.status(202).send(backups.begin('staff', actorOf(request)).run));
};
