// The construct of deploy/cdk, on the release in JETON_RELEASE.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { App } from 'aws-cdk-lib';
import { JetonStack } from './index.js';

const release = process.env.JETON_RELEASE;
const plain = JSON.parse(fs.readFileSync(path.join(release, 'cloudformation.json'), 'utf8'));
const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'jeton-cdk-'));
after(() => fs.rmSync(outdir, { recursive: true }));

const app = new App({ outdir });
new JetonStack(app, 'Tokens', { release, parameters: { Issuer: 'https://tokens.example' } });
const assembly = app.synth();
const { template } = assembly.getStackByName('Tokens');

test('the stack has all that the template has, under the same names', () => {
  assert.deepEqual(Object.keys(template.Resources).filter((name) => name !== 'CDKMetadata').sort(), Object.keys(plain.Resources).sort());
  assert.deepEqual(Object.keys(template.Outputs).sort(), Object.keys(plain.Outputs).sort());
});

test('the CDK uploads each archive once, and each function takes the one that the template names', () => {
  const assets = JSON.parse(fs.readFileSync(path.join(outdir, 'Tokens.assets.json'), 'utf8')).files;
  const keys = new Map(['public', 'records', 'mint', 'operate'].map((bundle) => {
    const [key] = Object.entries(assets).find(([, asset]) => asset.displayName === `${bundle}.zip`);
    return [`${bundle}.zip`, `${key}.zip`];
  }));
  let functions = 0;
  for (const [name, resource] of Object.entries(template.Resources).filter(([, resource]) => resource.Type === 'AWS::Lambda::Function')) {
    const bundle = plain.Resources[name].Properties.Code.S3Key['Fn::Sub'].replace('${BundlePrefix}', '');
    assert.equal(resource.Properties.Code.S3Key, keys.get(bundle), name);
    functions += 1;
  }
  assert.ok(functions > 60);
});

test('a parameter that is given is the default, and all others are as in the template', () => {
  const { Issuer, BootstrapVersion, ...others } = template.Parameters;
  const { Issuer: before, BundleBucket, BundlePrefix, ...expected } = plain.Parameters;
  assert.deepEqual(Issuer, { ...before, Default: 'https://tokens.example' });
  assert.deepEqual(others, expected);
});

test('a parameter that the template does not have is refused', () => {
  assert.throws(() => new JetonStack(new App(), 'Typo', { release, parameters: { Isuer: 'https://tokens.example' } }), /Isuer/);
});

test('a folder without a release is refused', () => {
  assert.throws(() => new JetonStack(new App(), 'Empty', { release: outdir }), /cloudformation\.json/);
});

test('the validation of the CDK has nothing to say', () => {
  const { pluginReports } = JSON.parse(fs.readFileSync(path.join(outdir, 'validation-report.json'), 'utf8'));
  assert.ok(pluginReports.length > 0);
  assert.deepEqual(pluginReports.flatMap((report) => report.violations), []);
});
