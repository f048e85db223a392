/** The member code of the moment, computed on the customer's own phone. */
import { Secret, TOTP } from 'otpauth';
import type { OwnMemberCode } from '../contract.js';

export interface RotatingCode {
  /** What the QR holds. */
  value: string;
  digits: string;
  /** How much of its time is left, 0..1. */
  left: number;
}

/** @param nowMs by the box's clock */
export function rotatingCode(own: OwnMemberCode, nowMs: number): RotatingCode {
  const { secret, algorithm, digits, periodSeconds: period } = own;
  const code = TOTP.generate({ secret: Secret.fromBase32(secret), algorithm, digits, period, timestamp: nowMs });
  const periodMs = period * 1000;
  return { value: own.prefix + code, digits: code, left: 1 - (nowMs % periodMs) / periodMs };
}
