import { createHash } from 'node:crypto';
import type { Chore } from './due-item.ts';

const shards = 8;

/** In which part of the index `due` a row is kept. */
export function shardOf(taskId: string): number {
  return createHash('sha256').update(taskId).digest().readUInt8(0) % shards;
}

export const allShards: readonly number[] = Array.from({ length: shards }, (_, shard) => shard);

export function unreadId(memberId: string, { entityTypeId, id }: { entityTypeId: number; id: number }): string {
  return `unread:${memberId}:${entityTypeId}:${id}`;
}

export function choreId(memberId: string, chore: Chore['chore']): string {
  return `chore:${memberId}:${chore}`;
}
