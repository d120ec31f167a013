/** What a row of the sample model `churn` looks like, for the doors that check one. */
const number = { type: 'number' };
const text = { type: 'string' };

export const churnRow = {
  type: 'object',
  additionalProperties: false,
  required: ['tenure_months', 'monthly_charges', 'usage_hours', 'plan', 'region'],
  properties: {
    tenure_months: number,
    monthly_charges: number,
    support_calls: number,
    late_payments: number,
    usage_hours: { type: ['number', 'null'] },
    plan: text,
    region: text,
  },
} as const;
