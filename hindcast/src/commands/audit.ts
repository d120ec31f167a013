import type { Command } from 'commander';
import { auditCheckpointCommand, auditKeyCommand, auditProveCommand } from './audit-checkpoint.ts';
import { auditConsistencyCommand } from './audit-consistency.ts';
import { auditExportCommand } from './audit-export.ts';
import { auditVerifyCommand } from './audit-verify.ts';
import { type CliContext, command } from './cli-context.ts';

const parts = [
  auditVerifyCommand,
  auditCheckpointCommand,
  auditConsistencyCommand,
  auditKeyCommand,
  auditProveCommand,
  auditExportCommand,
];

export const auditCommand = (context: CliContext): Command => {
  const group = command(
    'audit',
    'Prove that the log is what was signed, or find where it is not',
    'npx hindcast audit verify',
    'npx hindcast audit checkpoint --out checkpoints.txt',
    'npx hindcast audit verify --data ./data --checkpoints checkpoints.txt',
  );
  for (const make of parts) group.addCommand(make(context));
  return group;
};
