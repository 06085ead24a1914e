/** Deploys a release of Jeton, as `deploy/package` makes it, as a stack of the AWS CDK. */

import * as path from 'node:path';
import { Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';

/** What a stack of Jeton is made of. */
export interface JetonStackProps extends StackProps {
  /** The folder of a release for the processor that you want, as `dist/arm64`. */
  readonly release: string;
  /** Parameters of the template, by name: docs/settings.md lists them. What isn't named has its default. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A stack of its own, with all that the template has: its roles and policies bear the name of the stack that they are in. */
export class JetonStack extends Stack {
  /** The template in the stack, with every resource and output by its name. */
  readonly template: CfnInclude;

  /** Throws if the folder has no release, or if the template has no parameter of a name. */
  constructor(scope: Construct, id: string, props: JetonStackProps) {
    super(scope, id, props);
    this.template = new CfnInclude(this, 'Template', {
      templateFile: path.join(props.release, 'cloudformation.json'),
      // Where the archives are: the CDK knows better.
      parameters: { BundleBucket: '', BundlePrefix: '' },
    });
    for (const [name, value] of Object.entries(props.parameters ?? {})) this.template.getParameter(name).default = value;
    this.bundle(props.release);
  }

  /** Has the CDK upload the archives, and the functions take them from there. */
  private bundle(release: string): void {
    const assets = new Map<string, Asset>();
    for (const code of this.template.node.findAll()) {
      if (!(code instanceof CfnFunction)) continue;
      const name = bundleOf(this.resolve(code.code));
      const asset = assets.get(name) ?? new Asset(this, name, { path: path.join(release, name) });
      assets.set(name, asset);
      code.code = { s3Bucket: asset.s3BucketName, s3Key: asset.s3ObjectKey };
    }
    const reason = 'A default that means "none" is never used where it would be wrong: a condition is before it.';
    Validations.of(this).acknowledge({ id: 'CloudFormation-Validate::W1030', reason });
    // By its name it is taken for a password.
    const urls = 'SecretScanningKeys has the URLs of public keys, and no secret.';
    Validations.of(this).acknowledge({ id: 'CloudFormation-Validate::W2509', reason: urls });
  }
}

/** The archive that the template names as a function's code. */
function bundleOf(code: { s3Key?: { 'Fn::Sub'?: string } }): string {
  const name = code.s3Key?.['Fn::Sub'];
  if (!name?.endsWith('.zip')) throw new Error("cloudformation.json isn't of a release of this version");
  return name;
}
