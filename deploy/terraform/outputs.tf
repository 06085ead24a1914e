output "api_url" {
  description = "Where the API answers."
  value       = aws_cloudformation_stack.jeton.outputs["ApiUrl"]
}

output "issuer_url" {
  description = "The `iss` of all tokens."
  value       = aws_cloudformation_stack.jeton.outputs["IssuerUrl"]
}

output "outputs" {
  description = "All outputs of the stack, by name."
  value       = aws_cloudformation_stack.jeton.outputs
}
