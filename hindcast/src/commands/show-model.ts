import type { Feature } from '@hindcast/domain';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { pretty } from '../prediction-answer.ts';
import { textTable } from '../text-table.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';
import {
  type ModelBody,
  type ModelVersionBody,
  modelPath,
  parseReference,
  trafficOf,
  versionPath,
} from './model-body.ts';

/** Features that are shown in full; a matrix may have thousands of columns. */
const featuresShownMax = 40;

export const showModelCommand = (context: CliContext): Command =>
  clientCommand(
    'show',
    'Print what a model takes and gives, its settings, and a request that works',
    'npx hindcast models show churn',
    'npx hindcast models show churn@2 --json',
  )
    .argument('<name[@version]>', 'which model; without a version its champion is shown')
    .action(async (reference: string, options: object) => {
      const { client, voice } = connect(context, options);
      const { name, version } = parseReference(reference);
      if (version !== undefined) {
        const shown = askable(client, (await client.request(versionPath(name, version))).body as ModelVersionBody);
        return voice.answer(shown, described(shown));
      }
      const told = (await client.request(modelPath(name))).body as ModelBody;
      const model = { ...askable(client, told), versions: told.versions.map((one) => askable(client, one)) };
      const champion = model.versions.find((one) => one.version === (model.routing?.champion ?? 1));
      const head = `${name}  ${trafficOf(model)}${model.paused ? '  paused' : ''}`;
      voice.answer(model, champion ? `${head}\n\n${described({ ...champion, curl: model.curl })}` : head);
    });

/** The server names itself in the request, and a query API takes none. */
const askable = <T extends { readonly curl: string }>({ commandUrl }: ApiClient, shown: T): T => ({
  ...shown,
  curl: shown.curl.replace(/'[^']*\/v1\/predictions'/, () => `'${commandUrl}/v1/predictions'`),
});

const described = (version: ModelVersionBody): string => {
  const { settings, example, curl, error, description, warnings = [] } = version;
  const about = [
    ['state', error?.detail === undefined ? version.state : `${version.state}: ${error.detail}`],
    ...(description === undefined ? [] : [['about', description]]),
    ['file', `${version.bytes} bytes, sha256 ${version.sha256}`],
    ['since', version.registeredAt],
    ...Object.entries(settings).map(([name, value]) => [name, String(value)]),
    ...warnings.map(({ detail }) => ['warning', detail]),
  ];
  const sections = [
    `${version.name}@${version.version}`,
    textTable(about.map((cells) => ['', ...cells])),
    featureLines(version).join('\n'),
    `example\n${pretty(example ?? null)}`,
    `request\n${curl}`,
  ];
  return sections.join('\n\n').replace('\n\n', '\n');
};

/** What goes in and what comes out, a line each. */
export const featureLines = ({ signature }: Pick<ModelVersionBody, 'signature'>): readonly string[] => {
  const { features, outputs, classes, threshold, batched } = signature;
  const more = features.length - featuresShownMax;
  return [
    batched ? 'takes' : 'takes (one whole tensor set, no batches)',
    textTable(features.slice(0, featuresShownMax).map(featureCells)),
    ...(more > 0 ? [`  and ${more} more`] : []),
    'gives',
    textTable(outputs.map(({ name, datatype, shape }) => ['', name, `${datatype}${dimensions(shape)}`])),
    ...(classes === undefined ? [] : [`  classes ${classes.join(', ')}`]),
    ...(threshold === undefined ? [] : [`  decides for ${classes?.at(-1) ?? 'the last class'} from ${threshold} on`]),
  ];
};

const featureCells = ({ name, datatype, shape, default: preset, missing }: Feature): readonly string[] => {
  const absent = {
    nan: 'may be null',
    default: `${JSON.stringify(preset)} when not given`,
    refuse: 'needed',
  }[missing];
  return ['', name, `${datatype}${dimensions(shape)}`, absent];
};

const dimensions = (shape: readonly (number | null)[]): string =>
  shape.length === 0 ? '' : `[${shape.map((size) => size ?? 'any').join(', ')}]`;
