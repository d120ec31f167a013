import { backtestReport, countRow, emptyBacktest } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { backtestPage } from './backtest-page.ts';
import type { backtestBody } from './backtest-reading.ts';

const evil = '<script>alert("1")</script>';
const classes = (yes: number) => ({ probabilities: { [evil]: 1 - yes, yes } });

const bodyOf = (rows: number): ReturnType<typeof backtestBody> => {
  const state = emptyBacktest();
  for (let at = 0; at < rows; at++) {
    const was = (at % 100) / 100;
    countRow(state, {
      predictionId: `${evil}-${at}`,
      position: `0:0:${at}`,
      recorded: classes(was),
      candidate: classes(Math.min(1, was ** 1.5 + 0.2)),
      label: at % 3 === 0 ? { value: at % 2 === 0 ? 'yes' : evil, weight: 1 } : undefined,
      slices: { [`input.${evil}`]: at % 2 === 0 ? evil : 'pro', 'input.plaan': '(absent)' },
    });
  }
  return {
    id: evil,
    kind: 'backtest',
    status: 'succeeded',
    spec: { model: 'churn', candidate: { model: 'churn', version: 2, sha256: 'a'.repeat(64) } },
    attempts: 1,
    progress: undefined,
    requestedAt: '2026-01-31T12:00:00.000Z',
    startedAt: undefined,
    links: { self: '/v1/jobs/x' },
    report: rows === 0 ? undefined : backtestReport(state),
  };
};

describe('the page of a backtest', () => {
  const page = backtestPage(bodyOf(600));

  it('shows plots and tables', () => {
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page.match(/<rect /g)?.length).toBeGreaterThan(20);
    for (const heading of [
      'From answer to answer',
      'How far scores have moved',
      'Against the labels',
      'What has changed most',
    ])
      expect(page).toContain(`<h2>${heading}</h2>`);
    expect(page).toContain('What has a decision stands under the class that the decision is for');
    expect(page).toContain('favour that version');
    expect(page.match(/No row has [^<]*/g)).toEqual(['No row has input.plaan.']);
  });

  it('runs nothing, and takes no text for markup', () => {
    expect(page).not.toMatch(/<script|javascript:|\son\w+=/i);
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toContain('NaN');
  });

  it('says when there is nothing yet', () => {
    expect(backtestPage(bodyOf(0))).toContain('There is nothing to show yet.');
  });
});
