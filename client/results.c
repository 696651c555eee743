#include "client/results.h"
