import * as z from 'zod/mini';

/** A portal's id. 32 hexadecimal digits in every portal seen; wider here because only its use as a key matters to us. */
export const memberIdSchema = z.string().check(z.regex(/^[A-Za-z0-9_-]{8,64}$/, 'is not a member id'));
