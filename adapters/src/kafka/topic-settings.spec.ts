import { describe, expect, it } from 'vitest';
import { checkTopicSettings, topicSettings } from './topic-settings.ts';

const wishes = { replicationFactor: 3, minInsyncReplicas: 2 };
const topic = (settings: Record<string, string>, replicas = [3, 3]) => ({
  name: 'hindcast.predictions.v1',
  settings: { ...topicSettings(wishes), ...settings },
  replicas,
});
const check = (settings: Record<string, string>, replicas?: number[]) => () =>
  checkTopicSettings(topic(settings, replicas), wishes);

describe('the settings of a topic', () => {
  it('are right as we create them, or stricter', () => {
    expect(check({})).not.toThrow();
    expect(check({ 'min.insync.replicas': '3', 'max.message.bytes': '99999999' }, [3, 5])).not.toThrow();
  });

  it.each([
    ['retention.ms', '604800000'],
    ['retention.bytes', '1000000'],
    ['cleanup.policy', 'compact'],
    ['compression.type', 'zstd'],
    ['min.insync.replicas', '1'],
    ['max.message.bytes', '1048588'],
    ['unclean.leader.election.enable', 'true'],
  ])('are refused with the command that mends them: %s=%s', (setting, value) => {
    const wanted = topicSettings(wishes)[setting];
    expect(check({ [setting]: value })).toThrow(
      expect.objectContaining({
        code: 'misconfigured',
        message: expect.stringMatching(
          new RegExp(`${setting} is ${value} .*--topic hindcast.predictions.v1 --add-config ${setting}=${wanted}$`),
        ),
      }),
    );
  });

  it('of a copy that has not ended are refused without the command that would make a log of it', () => {
    for (const also of [{}, { 'min.insync.replicas': '1' }]) {
      const half = check({ 'message.timestamp.type': 'CreateTime', ...also });
      expect(half).toThrow(/message\.timestamp\.type is CreateTime .*has not finished: run it again\.$/);
      expect(half).not.toThrow('kafka-configs.sh');
    }
    expect(check({ 'message.timestamp.type': 'CreateTime', 'retention.ms': '1' })).toThrow(
      /--add-config retention\.ms=-1,message\.timestamp\.type=LogAppendTime$/,
    );
  });

  it('are refused where the broker does not report one', () => {
    const { 'unclean.leader.election.enable': _, ...reported } = topicSettings(wishes);
    const unreported = { name: 'hindcast.predictions.v1', settings: reported, replicas: [3, 3] };
    expect(() => checkTopicSettings(unreported, wishes)).toThrow(
      'unclean.leader.election.enable is not reported by the broker and must be false',
    );
  });

  it('are all named at once', () => {
    expect(check({ 'retention.ms': '1', 'cleanup.policy': 'compact' })).toThrow(
      'cleanup.policy=delete,retention.ms=-1',
    );
  });

  it('count the replicas of every partition', () => {
    expect(check({}, [3, 2])).toThrow(
      /has 2 replicas, and 3 are asked for.* ask for 2 with HINDCAST_REPLICATION_FACTOR/,
    );
  });
});
