"""The macros that services, functions and libraries are declared with."""

load("//tools/build/lambdas:python.bzl", _python_lambda = "python_lambda")
load("//tools/build/python:service.bzl", _python_service = "python_service")
load("//tools/build/python_test:python_test.bzl", _python_test = "python_test")
load("//tools/build/typescript:lambda.bzl", _typescript_lambda = "typescript_lambda")
load("//tools/build/typescript_test:typescript_test.bzl", _typescript_test = "typescript_test")

python_lambda = _python_lambda
python_service = _python_service
python_test = _python_test
typescript_lambda = _typescript_lambda
typescript_test = _typescript_test
