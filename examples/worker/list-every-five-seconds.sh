#!/usr/bin/env bash
# A worker script: lists the directory that the job is named after, and wants to run again.
ls -lrth -- "$1"
echo "SCHED_LATER 5"
