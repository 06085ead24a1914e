variable "name" {
  description = "The name of the stack, and the first part of the keys in the bucket."
  type        = string
  default     = "jeton"
}

variable "release" {
  description = "The folder of a release for the processor that you want, as dist/arm64."
  type        = string
}

variable "bucket" {
  description = "A bucket in the region of the stack, for the archives and the template."
  type        = string
}

variable "parameters" {
  description = "Parameters of the template, by name: docs/settings.md lists them. What isn't named has its default."
  type        = map(string)
  default     = {}
}

variable "tags" {
  description = "Tags of the stack, which CloudFormation gives to what is in it."
  type        = map(string)
  default     = {}
}
