# Deploys a release of Jeton, as `deploy/package` makes it, as one CloudFormation stack: CloudFormation keeps what belongs together,
# and the template is tested. Everything else is in the release.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

locals {
  # A folder by its content: what a running stack refers to is never overwritten.
  prefix  = "${var.name}/${filesha256("${var.release}/SHA256SUMS")}/"
  bundles = toset(["public", "records", "mint", "operate"])
}

data "aws_s3_bucket" "archives" {
  bucket = var.bucket
}

resource "aws_s3_object" "bundle" {
  for_each = local.bundles

  bucket = var.bucket
  key    = "${local.prefix}${each.key}.zip"
  source = "${var.release}/${each.key}.zip"
}

resource "aws_s3_object" "template" {
  bucket = var.bucket
  key    = "${local.prefix}cloudformation.json"
  source = "${var.release}/cloudformation.json"
}

resource "aws_cloudformation_stack" "jeton" {
  name         = var.name
  template_url = "https://${data.aws_s3_bucket.archives.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_IAM"]
  tags         = var.tags

  parameters = merge(var.parameters, {
    BundleBucket = var.bucket
    BundlePrefix = local.prefix
  })

  depends_on = [aws_s3_object.bundle]
}
