import { describe, expect, it } from 'vitest';
import { WalkPace } from '../../../engine/pool/walk-pace.js';

const IN_CACHE_MS = 0.02;
const SOLID_STATE_MS = 0.3;
const LATE_MS = 2;

describe('how a walk visits its paths', () => {
  it('is in steps, by all threads, while the storage answers at once', () => {
    const pace = new WalkPace({ canWave: true, isSpinning: true });
    for (let task = 0; task < 100; task += 1) {
      expect([pace.next(), pace.next()]).toEqual(['in steps', 'in steps']);
      pace.ended(IN_CACHE_MS);
      pace.ended(IN_CACHE_MS);
    }
  });

  it('is in waves once it answers late, until a step among them shows that it does so no more', () => {
    const pace = new WalkPace({ canWave: true, isSpinning: false });
    pace.next();
    pace.ended(LATE_MS);
    const visits = Array.from({ length: 32 }, () => {
      const visit = pace.next();
      pace.ended(visit === 'in steps' ? LATE_MS : undefined);
      return visit;
    });
    expect(visits.filter((visit) => visit === 'in steps')).toHaveLength(2);
    expect(visits.filter((visit) => visit === 'in waves')).toHaveLength(30);
    while (pace.next() !== 'in steps') pace.ended(undefined);
    pace.ended(IN_CACHE_MS);
    expect(Array.from({ length: 20 }, () => pace.next())).not.toContain('in waves');
  });

  it('is one at a time on a disk that spins, also after a task has failed', () => {
    const pace = new WalkPace({ canWave: true, isSpinning: true });
    pace.next();
    pace.ended(LATE_MS);
    expect([pace.next(), pace.next(), pace.next()]).toEqual(['in steps', 'later', 'later']);
    pace.ended(undefined);
    expect([pace.next(), pace.next()]).toEqual(['in steps', 'later']);
  });

  it('is in steps, by all threads, on a disk that says that it spins, but answers sooner than it could', () => {
    const pace = new WalkPace({ canWave: true, isSpinning: true });
    pace.next();
    pace.ended(SOLID_STATE_MS);
    expect([pace.next(), pace.next()]).toEqual(['in steps', 'in steps']);
  });

  it('is in steps where threads cannot visit many at a time', () => {
    const pace = new WalkPace({ canWave: false, isSpinning: false });
    pace.next();
    pace.ended(LATE_MS);
    expect(Array.from({ length: 20 }, () => pace.next())).not.toContain('in waves');
  });
});
