import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs';

/** What a user may do with topics and groups of a prefix. */
export interface KafkaRules {
  readonly topic: readonly (keyof typeof AclOperationTypes)[];
  readonly group: readonly (keyof typeof AclOperationTypes)[];
}

/** What docs/distributed.md says of processes that write, and of those that read alone. */
export const kafkaWriters: KafkaRules = { topic: ['CREATE', 'DESCRIBE_CONFIGS', 'READ', 'WRITE'], group: ['READ'] };
/** Besides what writers may. */
export const kafkaMovers: KafkaRules = { topic: ['ALTER_CONFIGS'], group: [] };
export const kafkaReaders: KafkaRules = { topic: ['DESCRIBE_CONFIGS', 'READ'], group: [] };

/** `plain`: where anybody is the administrator. */
export const allowKafkaUser = async (
  plain: string,
  principal: string,
  resourceName: string,
  rules: KafkaRules,
): Promise<void> => {
  const admin = new Kafka({ clientId: 'admin', brokers: [plain], logLevel: logLevel.NOTHING }).admin();
  const rule = (resourceType: AclResourceTypes, operation: keyof typeof AclOperationTypes) => ({
    ...{ resourceType, resourceName, resourcePatternType: ResourcePatternTypes.PREFIXED },
    ...{ principal, host: '*', operation: AclOperationTypes[operation], permissionType: AclPermissionTypes.ALLOW },
  });
  await admin.connect();
  await admin.createAcls({
    acl: [
      ...rules.topic.map((operation) => rule(AclResourceTypes.TOPIC, operation)),
      ...rules.group.map((operation) => rule(AclResourceTypes.GROUP, operation)),
    ],
  });
  await admin.disconnect();
};
