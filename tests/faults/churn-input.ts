/** A row that the churn sample accepts. */
export const churnInput = {
  tenure_months: 3,
  monthly_charges: 80,
  support_calls: 4,
  late_payments: 1,
  usage_hours: 10,
  plan: 'basic',
  region: 'east',
};
