#include "codegen/link/PlainFunction.h"
#include "llvm/IR/IRBuilder.h"
#include "quern/runtime.h"

using namespace llvm;

namespace quern {
namespace {

static_assert(sizeof(quern_tensor) == 24 + 8 * QUERN_MAX_RANK, "the struct below follows the header");

/// quern_tensor: data, bytes, dtype, rank, dims.
StructType *tensorType(LLVMContext &context) {
  Type *int32 = Type::getInt32Ty(context), *int64 = Type::getInt64Ty(context);
  return StructType::get(PointerType::getUnqual(context), int64, int32, int32, ArrayType::get(int64, QUERN_MAX_RANK));
}

/// Tensors of these shapes without data, as a constant to copy.
Constant *tensorTemplates(ArrayRef<ValueInfo> values, StructType *type) {
  SmallVector<Constant *> tensors;
  for (const ValueInfo &value : values) {
    uint64_t dims[QUERN_MAX_RANK] = {};
    copy(value.dims, dims);
    tensors.push_back(ConstantStruct::get(
        type, {Constant::getNullValue(type->getElementType(0)),
               ConstantInt::get(type->getElementType(1), value.bytes()),
               ConstantInt::get(type->getElementType(2), value.dtype),
               ConstantInt::get(type->getElementType(3), value.dims.size()),
               ConstantDataArray::get(type->getContext(), dims)}));
  }
  return ConstantArray::get(ArrayType::get(type, values.size()), tensors);
}

/// An array of tensors on the stack that point to the arguments from `first` on.
Value *fillTensors(IRBuilder<> &builder, ArrayRef<ValueInfo> values, Function *function, unsigned first) {
  StructType *type = tensorType(function->getContext());
  Constant *templates = tensorTemplates(values, type);
  auto *source = new GlobalVariable(*function->getParent(), templates->getType(), /*isConstant=*/true,
                                    GlobalValue::PrivateLinkage, templates);
  AllocaInst *tensors = builder.CreateAlloca(templates->getType());
  builder.CreateMemCpy(tensors, tensors->getAlign(), source, tensors->getAlign(), sizeof(quern_tensor) * values.size());
  for (unsigned i = 0; i < values.size(); ++i)
    builder.CreateStore(function->getArg(first + i),
                        builder.CreateConstInBoundsGEP2_32(templates->getType(), tensors, 0, i));
  return tensors;
}

Value *anyNull(IRBuilder<> &builder, ArrayRef<ValueInfo> values, Function *function, unsigned first) {
  Value *result = builder.getFalse();
  for (unsigned i = 0; i < values.size(); ++i)
    if (values[i].bytes() > 0)
      result = builder.CreateOr(result, builder.CreateIsNull(function->getArg(first + i)));
  return result;
}

} // namespace

void definePlainFunction(const ModelDescription &model, Module &module) {
  LLVMContext &context = module.getContext();
  IRBuilder<> builder(context);
  Type *pointer = builder.getPtrTy(), *int32 = builder.getInt32Ty(), *int64 = builder.getInt64Ty();
  unsigned inputs = model.inputs.size(), outputs = model.outputs.size();
  SmallVector<Type *> parameters(inputs + outputs + 1, pointer);
  Function *function = Function::Create(FunctionType::get(int32, parameters, false), Function::ExternalLinkage,
                                        cIdentifier(model.name), module);
  FunctionCallee run = module.getOrInsertFunction("quern_run", int32, pointer, pointer, int64, pointer, int64);

  auto *entry = BasicBlock::Create(context, "", function), *refuse = BasicBlock::Create(context, "", function),
       *call = BasicBlock::Create(context, "", function);
  builder.SetInsertPoint(entry);
  builder.CreateCondBr(anyNull(builder, model.outputs, function, inputs), refuse, call);
  builder.SetInsertPoint(refuse);
  builder.CreateRet(builder.getInt32(QUERN_INVALID_ARGUMENT));
  builder.SetInsertPoint(call);
  Value *inputTensors = fillTensors(builder, model.inputs, function, 0);
  Value *outputTensors = fillTensors(builder, model.outputs, function, inputs);
  builder.CreateRet(builder.CreateCall(run, {function->getArg(inputs + outputs), inputTensors,
                                             builder.getInt64(inputs), outputTensors, builder.getInt64(outputs)}));
}

} // namespace quern
