"""The macros that services, functions and libraries are declared with."""

load("//tools/build/python:service.bzl", _python_service = "python_service")
load("//tools/build/python_test:python_test.bzl", _python_test = "python_test")

python_service = _python_service
python_test = _python_test
